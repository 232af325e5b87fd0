# The household module: "make help" says what there is to make.  Everything
# made goes below BUILD; the tree stays as it is.

SHELL = /bin/bash
.SHELLFLAGS = -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-print-directory

NGINX_SRC ?=
NGINX_BINARY ?=
NGINX_CONFIGURE ?=
NGINX_TESTS ?=
FUZZ_SECONDS ?= 15
SUITES ?= bookworm trixie sid
SETS ?= build demo test fuzz
JOBS ?= 2
CLANG ?= clang

ifeq ($(origin CC),default)
CC = gcc
endif

# What root has made nobody else can write, and root's files in the folder of
# somebody else would be in the way: whoever does not own it has another one.

ifeq ($(origin BUILD),undefined)
BUILD := $(shell me=$$(id -un); of=.; if [ -e build ]; then of=build; fi; \
    if [ -O $$of ]; then echo build; else echo build-$$me; \
    [ $(MAKELEVEL) != 0 ] || \
    echo "household: $$of is not owned by $$me: building in build-$$me" >&2; fi)
endif

# nginx takes an inherited variable of this name for its listening sockets

unexport NGINX

NAME = ngx_http_household_module
B := $(abspath $(BUILD))
ROOT := $(CURDIR)

# Goals other than these call make again: two of them at a time would configure
# one folder at the same time.  What they call uses JOBS.

ifneq ($(filter-out build-% $(B)/%,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

.PHONY: all module install packages help FORCE
all: module

.PHONY: clean
clean: ## remove what was made
	rm -rf $(B)

help: ## this list
	@echo 'Variables: BUILD=$(BUILD) CC=$(CC) DESTDIR=dir JOBS=$(JOBS)'
	@echo '  NGINX_SRC=dir NGINX_CONFIGURE="flags for NGINX_SRC"'
	@echo '  NGINX_BINARY=file (an nginx of NGINX_SRC that loads the module)'
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## */\1\t/p' Makefile t/tools/test.mk \
	    | while IFS=$$'\t' read -r t s; do printf '%-20s%s\n' $$t "$$s"; done


# --- packages -------------------------------------------------------------

need = @BUILD=$(B) docker/packages.sh

packages: ## install what is missing of SETS="build demo test fuzz" (as root)
	$(need) $(SETS)

NEEDS = $(addprefix need-,build demo run test modules peers valkey fuzz \
    monitoring matrix deb bench)
.PHONY: $(NEEDS)
$(NEEDS): need-%:
	$(need) $(if $(filter matrix,$*),,build) $(filter-out build,$*)


# --- nginx trees, each configured in a folder of its own ------------------

# "module" is for the installed nginx, or for NGINX_SRC; the others are whole
# builds of NGINX_SRC, or of the source that Debian has of its nginx

WARN = -Wall -Wextra -Werror -Wno-unused-parameter
SANITIZE = -fsanitize=address,undefined -fno-omit-frame-pointer

WITH = --with-compat --with-threads --with-http_ssl_module \
    --with-http_v2_module --with-http_realip_module \
    --with-http_auth_request_module --with-http_sub_module \
    --with-http_addition_module --with-http_slice_module \
    --with-http_stub_status_module

FULL = $(WITH) --with-debug --user=$(shell id -un) \
    --group=$(shell id -gn) --with-cc=$(CC_$*) $(NGINX_CONFIGURE)

STATIC = $(FULL) --add-module=$(ROOT)
PROBE = --add-dynamic-module=$(ROOT)/t/tools/order

DEB_FLAGS = --with-cc-opt="$$(dpkg-buildflags --get CFLAGS) -fPIC \
    $$(dpkg-buildflags --get CPPFLAGS)" \
    --with-ld-opt="$$(dpkg-buildflags --get LDFLAGS) -fPIC"

# a module without what may be left out: URI Signing, CAT, and both

LEAN = lean-cdni lean-cat lean-both

CC_module = $(CC)
CC_static = $(CC)
CC_bare = $(CC)
CC_compat = $(CC)
$(foreach lean,$(LEAN),$(eval CC_$(lean) = $(CC)))
CC_plain = $(CC)
CC_smoke = $(CC)
CC_dynamic = $(CC)
CC_asan = $(CLANG)
CC_valgrind = $(CC)
CC_gcov = gcc

# what is configured, and the flags that our own sources get besides

ifeq ($(NGINX_SRC),)
SRC_module = $(B)/nginx-dev
LOADED = "$${NGX_CONF_FLAGS[@]}" $(DEB_FLAGS) --with-cc=$(CC)
else
SRC_module = $(B)/nginx
LOADED = $(TARGET) --with-cc=$(CC) $(NGINX_CONFIGURE)

# as the nginx that loads it was; or with what the tests and the demo need

ifeq ($(NGINX_BINARY),)
TARGET = $(WITH)
else
TARGET = $$($(ROOT)/docker/flags.sh $(NGINX_BINARY) $(B)/nginx || echo --none)
endif
endif

CONFIGURE_module = $(LOADED) --add-dynamic-module=$(ROOT)

# beside the module, the probe of t/tools/order.t

SRC_installed = $(SRC_module)
CONFIGURE_installed = $(LOADED) $(PROBE)

CONFIGURE_static = $(STATIC) $(PROBE)
CONFIGURE_dynamic = $(FULL) --with-http_dav_module --with-http_flv_module \
    --with-http_mp4_module --with-http_gunzip_module \
    --with-http_gzip_static_module --with-http_random_index_module \
    --with-http_secure_link_module --with-http_degradation_module \
    --with-stream --with-stream_ssl_module --with-stream_realip_module \
    --with-stream_ssl_preread_module --with-mail --with-mail_ssl_module \
    --add-dynamic-module=$(ROOT) $(PROBE)

CONFIGURE_smoke = $(FULL) --add-dynamic-module=$(ROOT)

# a module that was told nothing of the nginx that loads it; the same without
# what may be left out, quickly compiled; an nginx without TLS

CONFIGURE_compat = --with-compat --with-cc=$(CC) $(NGINX_CONFIGURE) \
    --add-dynamic-module=$(ROOT)
$(foreach lean,$(LEAN),$(eval \
    CONFIGURE_$(lean) = $(CONFIGURE_compat) --with-cc-opt=-O0))
ENV_lean-cdni = HOUSEHOLD_CDNI=no
ENV_lean-cat = HOUSEHOLD_CAT=no
ENV_lean-both = HOUSEHOLD_CDNI=no HOUSEHOLD_CAT=no
CONFIGURE_plain = --with-compat --with-cc=$(CC) $(NGINX_CONFIGURE) \
    --with-http_realip_module

# as nginx is without options: no TLS, to clients or to Redis

CONFIGURE_bare = --with-cc=$(CC_bare) $(NGINX_CONFIGURE) \
    --add-module=$(ROOT)

# nginx itself is checked for memory only: its undefined behaviour would drown
# ours, which is fatal.  By clang: the reports of gcc's UBSan go to no file.

CONFIGURE_asan = $(STATIC) --with-ld-opt="$(SANITIZE) $(B)/asan/options.o" \
    --with-cc-opt="-fsanitize=address -fno-omit-frame-pointer -O1 -g \
    -Wno-error -DNGX_DEBUG_PALLOC=1"
OURS_asan = $(SANITIZE) -fno-sanitize-recover=undefined

$(B)/asan/Makefile: $(B)/asan/options.o
$(B)/asan/options.o: t/tools/sanitizers.c $(B)/asan/flags
	@$(CC_asan) -DREPORTS='"$(B)/asan/reports/report"' -c -o $@ $<

CONFIGURE_valgrind = $(STATIC) \
    --with-cc-opt="-O1 -g -Wno-error -DNGX_DEBUG_PALLOC=1"

CONFIGURE_gcov = $(STATIC) $(PROBE) --with-ld-opt=--coverage \
    --with-cc-opt="-O0 -g"
OURS_gcov = --coverage

$(B)/nginx-dev/configure: /usr/share/nginx/src/configure
	@mkdir -p $(B) && rm -rf $(B)/nginx-dev
	@cp -R /usr/share/nginx/src $(B)/nginx-dev && touch $@

/usr/share/nginx/src/configure:
	@echo "household: no nginx-dev here: install it or say NGINX_SRC=dir" >&2
	@exit 1

$(B)/nginx/configure: $(B)/nginx.from
ifeq ($(NGINX_SRC),)
	@docker/source.sh $(B)/nginx && touch $@
else
	@rm -rf $(B)/nginx && cp -R $(NGINX_SRC) $(B)/nginx
	@test -e $@ || ln -s auto/configure $@
	@touch $@
endif

# a stamp holds what a folder was made from, and is new when that changes

stamp = @mkdir -p $(@D); echo $(1) > $@.new; \
    cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/nginx.from: FORCE
	$(call stamp,'$(NGINX_SRC)')

$(B)/%/flags: FORCE
	$(call stamp,'$(CONFIGURE_$*) $(OURS_$*) $(CC_$*)' \
	    $$(sed -n 's/^NGX_CONF_FLAGS=//p;s/^.define NGINX_VERSION//p' \
	    /usr/share/nginx/src/{conf_flags,src/core/nginx.h} 2>&1))

$(B)/%/Makefile: $(B)/%/flags config \
    $(wildcard src/records/scripts/*.lua src/http/dashboard/*)
	@echo "household: configuring and compiling in $(@D:$(ROOT)/%=%)" >&2
	@rm -rf $(@D)/addon $(@D)/src; cd $(or $(SRC_$*),$(B)/nginx); \
	if [ -e conf_flags ]; then . ./conf_flags; fi; \
	$(ENV_$*) ASAN_OPTIONS=detect_leaks=0 ./configure --builddir=$(@D) \
	    $(CONFIGURE_$*) > $(@D)/configure.log 2>&1 \
	    || { tail -n 8 $(@D)/configure.log >&2; exit 1; }
	@printf '\n%s/addon/%%.o: CFLAGS += %s\n' $(@D) \
	    '$(WARN) $(OURS_$*)' >> $@

$(B)/module/Makefile $(B)/installed/Makefile: | $(SRC_module)/configure
$(patsubst %,$(B)/%/Makefile,static bare dynamic smoke compat $(LEAN) plain \
    asan valgrind gcov): \
    | $(B)/nginx/configure

# whoever was told -j shares its jobs with what it calls

MAKE_IN = +@$(MAKE) -s $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS)) \
    -C $(or $(SRC_$*),$(B)/nginx) -f $(B)/$*/Makefile

SO = $(B)/module/$(NAME).so

module: need-build ## (the default) the dynamic module, for the installed nginx
	@$(MAKE) build-module

.PHONY: build-module build-installed build-compat build-plain build-smoke
.PHONY: $(LEAN:%=build-%)
build-module build-installed build-compat $(LEAN:%=build-%): build-%: \
    $(B)/%/Makefile
	$(MAKE_IN) modules

build-plain: build-%: $(B)/%/Makefile
	$(MAKE_IN) binary

build-smoke: build-%: $(B)/%/Makefile
	$(MAKE_IN) binary modules
	@test ! -e $(B)/smoke/angie || ln -sf angie $(B)/smoke/nginx

BINARIES = nginx-static nginx-bare nginx-dynamic nginx-asan nginx-valgrind \
    nginx-gcov
.PHONY: $(BINARIES)
$(BINARIES): nginx-%: need-build
	@$(MAKE) build-$*

.PHONY: $(BINARIES:nginx-%=build-%)
$(BINARIES:nginx-%=build-%): build-%: $(B)/%/Makefile
	$(MAKE_IN) binary modules

nginx-static: ## nginx with the module linked in
nginx-bare: ## nginx with the module linked in, without TLS
nginx-dynamic: ## nginx with all modules, and ours to load
nginx-asan: ## nginx-static under AddressSanitizer and UBSan
nginx-valgrind: ## nginx-static for valgrind: each allocation on its own
nginx-gcov: ## nginx-static that counts the lines it runs

# programs beside nginx: the pure rooms, and no nginx

REPLAY_SRCS = $(wildcard docker/tools/replay/*.c \
    src/household/ngx_household_decide*.c \
    src/household/ngx_household_record*.c) \
    src/household/ngx_household_network.c \
    $(addprefix src/core/ngx_household_,addr.c addr_parse.c country.c hmac.c \
    id.c reason.c time.c)

CONFIGURE_tools = $(CC) $(TOOLS_CFLAGS)
TOOLS_CFLAGS = -O2 -g

$(B)/tools/household-replay: $(REPLAY_SRCS) $(wildcard docker/tools/replay/*.h \
    src/core/*.h src/household/*.h) $(B)/tools/flags $(B)/module/Makefile
	@$(CC) $(TOOLS_CFLAGS) $(WARN) -D_GNU_SOURCE -Idocker/tools/replay -Isrc/core \
	    -Isrc/household $(INCLUDES_NGINX) -o $@ $(REPLAY_SRCS) \
	    $(TOOLS_LDFLAGS) -Wl,--as-needed -ljansson -lcrypto

.PHONY: tools build-tools
tools: need-build ## household-replay, to be run beside nginx
	@$(MAKE) build-tools
build-tools: $(B)/tools/household-replay

install: module ## put the module into the folder nginx loads it from
	@docker/install.sh $(B)/module/Makefile $(SO) "$(DESTDIR)"

.PHONY: deb deb-check
deb: need-build need-deb ## libnginx-mod-http-household, for the installed nginx
	@docker/deb.sh $(B)/deb

deb-check: need-matrix ## the package in fresh Debians: SUITES="bookworm ..."
	@BUILD=$(B) JOBS=$(JOBS) docker/deb-check.sh $(SUITES)

include t/tools/test.mk
