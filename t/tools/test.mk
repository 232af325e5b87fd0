# Included by the Makefile: everything that tests.

# Units and fuzzers link what they call of these and no nginx at all, but for
# the ones that stand on parts of it.  The units link the very objects that
# the module is made of.

dirs = $(patsubst %/,%,$(sort $(dir $(wildcard $(1)/*.[ch] $(1)/*/*.[ch] \
    $(1)/*/*/*.[ch]))))

ROOMS := $(call dirs,src)
UNIT_DIRS := $(call dirs,t/unit)

PARTS = $(wildcard $(ROOMS:%=%/ngx_household_*.c))
PARTS_LIBS = -Wl,--as-needed -lhiredis -ljansson -lcbor -lmaxminddb \
    -lcrypto -lm

ON_NGINX = test_zone% test_counters test_keyset% test_memo% \
    test_headers test_offer test_api_json test_api_path test_api_plan \
    ngx_household_api_path ngx_household_api_plan
NGINX_PARTS = array list slab shmtx md5 murmurhash string

HEADERS = $(wildcard $(addsuffix /*.h,$(ROOMS) $(UNIT_DIRS) t/fuzz))
UNIT_SRCS = $(wildcard $(UNIT_DIRS:%=%/*.c))
UNITS = $(filter-out $(SKIP_UNITS),$(basename $(notdir $(UNIT_SRCS))))
FUZZER_SRCS = $(wildcard t/fuzz/*.c)
FUZZERS = $(filter-out $(SKIP_UNITS),$(basename $(notdir $(FUZZER_SRCS))))

# of the nginx that was configured in folder $(1)

includes_nginx = $(addprefix -isystem $(or $(SRC_$(1)),$(B)/nginx)/src/,core \
    event event/modules event/quic http http/modules http/v2 http/v3 os/unix) \
    -isystem $(B)/$(1)
includes = $(addprefix -I,$(ROOMS) $(UNIT_DIRS)) $(call includes_nginx,$(1))

INCLUDES_NGINX = $(call includes_nginx,module)
INCLUDES = $(call includes,module)

# the nginx that loads the module, in tests and in the demo

ifneq ($(NGINX_BINARY),)
LOADER = $(NGINX_BINARY)
else ifeq ($(NGINX_SRC),)
LOADER = /usr/sbin/nginx
else
LOADER = $(B)/module/nginx
FULL_module = build-full
endif

TEST_ENV = BUILD=$(B) HOUSEHOLD_UNIT_DIR=$(B)/$(UNIT_DIR) \
    HOUSEHOLD_MODULE=$(TEST_SO) TEST_NGINX_BINARY=$(TEST_BINARY) \
    TEST_NGINX_SERVROOT=$(B)/servroot
UNIT_DIR = unit
TEST_SO = $(SO)
TEST_BINARY = $(LOADER)

PROVE = env $(TEST_ENV) CMOCKA_MESSAGE_OUTPUT=TAP FUZZ_SECONDS=$(FUZZ_SECONDS) \
    FUZZ_SKIP="$(SKIP_UNITS)" \
    t/tools/prove.sh -j$(JOBS) $(if $(CI),--failures --comments) -It/lib
T = $(sort $(wildcard t/*.t))

# t/00-*.t are about the test library: under a sanitizer its crashes count.
# Those in a browser are about pages and players.

T_ALONE = $(filter-out t/00-% t/dashboard-api.t t/demo-page.t t/players.t,$(T))

# under load for a long time, on lines that other tests run, too

T_LINES = $(filter-out t/hostile.t t/overload.t t/strain.t t/strain-fleet.t, \
    $(T_ALONE))
ORDER = installed gcov dynamic


# --- units and fuzzers ----------------------------------------------------

# $(1): folder, $(2): its tests, $(3): their sources, $(4): compiler with its
# flags, $(5): libraries, $(6): the nginx that it goes with

define programs
CONFIGURE_$(1) = $(4) $(5) $(PARTS_LIBS)

# nginx's own shifts and pointers are not ours to report, as in build-asan

$(B)/$(1)/nginx/%.o: $(B)/$(1)/flags $(B)/$(6)/Makefile | $(B)/nginx/configure
	@mkdir -p $$(@D)
	@$(4) -fno-sanitize=undefined $(call includes,$(6)) -c -o $$@ \
	    $(B)/nginx/src/core/ngx_$$*.c

$(B)/$(1)/nginx.a: $(NGINX_PARTS:%=$(B)/$(1)/nginx/%.o) t/tools/test.mk
	@rm -f $$@ && ar rcs $$@ $$(filter %.o,$$^)

$(addprefix $(B)/$(1)/,$(filter $(ON_NGINX),$(2))): $(B)/$(1)/nginx.a
$(addprefix $(B)/$(1)/,$(filter test_memo%,$(2))): \
    src/http/ngx_http_household_memo.c
$(addprefix $(B)/$(1)/,$(filter test_headers,$(2))): \
    src/http/ngx_http_household_headers.c
$(addprefix $(B)/$(1)/,$(filter test_api_json,$(2))): \
    src/http/api/ngx_http_household_api_json.c
$(addprefix $(B)/$(1)/,$(filter test_api_path,$(2))): \
    src/http/api/ngx_http_household_api_path.c
$(addprefix $(B)/$(1)/,$(filter test_api_plan,$(2))): \
    $(addprefix src/http/api/ngx_http_household_api_,plan_edit.c index.c)
$(addprefix $(B)/$(1)/,$(filter test_offer,$(2))): \
    $(addprefix src/http/ngx_http_household_,offer.c problem.c)

$(foreach src,$(3),$(eval $(B)/$(1)/$(basename $(notdir $(src))): $(src)))
$(addprefix $(B)/$(1)/,$(2)): $(B)/$(1)/%: $(HEADERS) $(B)/$(1)/flags \
    $(B)/$(1)/parts.a
	@$(4) $(or $(WARN_$(1)),$(WARN)) $(WARN_TESTS) $(call includes,$(6)) \
	    -o $$@ $$(filter %.c,$$^) $$(filter %/parts.a,$$^) \
	    $$(filter %/nginx.a,$$^) $(5) $(PARTS_LIBS)

.PHONY: build-$(1)
build-$(1): $(addprefix $(B)/$(1)/,$(2))
endef

# objects of the module in nginx $(1); new only when one of them is

parts = $(foreach src,$(PARTS),$(B)/$(1)/addon/$(notdir $(patsubst \
    %/,%,$(dir $(src))))/$(notdir $(src:.c=.o)))

define units
$(call programs,$(1),$(UNITS),$(UNIT_SRCS),$(2),-lcmocka,$(3))

$(B)/$(1)/parts.a: build-$(3)
	@mkdir -p $$(@D) && rm -f $$@.new && ar rcsD $$@.new $(call parts,$(3))
	@cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@
endef

# the fuzzers have their own, which are compiled for them

define fuzzers
$(call programs,$(1),$(FUZZERS),$(FUZZER_SRCS),$(2),,module)

$(B)/$(1)/obj/%.o: src/%.c $(HEADERS) $(B)/$(1)/flags $(B)/module/Makefile
	@mkdir -p $$(@D)
	@$(2) $(WARN) $(INCLUDES) -c -o $$@ $$<

$(B)/$(1)/parts.a: $(PARTS:src/%.c=$(B)/$(1)/obj/%.o)
	@rm -f $$@ && ar rcs $$@ $$^
endef

# a test uses only some of what its headers define, and cmocka 1 as well as 2

WARN_TESTS = -Wno-unused-function -Wno-deprecated-declarations \
    -Wno-pointer-sign

# without optimisation gcc warns of what cannot be

WARN_unit-gcov = -Wall

SANITIZE_OURS = $(SANITIZE) -fno-sanitize-recover=undefined -O1 -g

$(eval $(call units,unit,$(CC) -O2 -g,module))
$(eval $(call units,unit-asan,$(CLANG) $(SANITIZE_OURS),asan))
$(eval $(call units,unit-gcov,gcc -O0 -g --coverage,gcov))
$(eval $(call fuzzers,fuzz,$(CLANG) $(SANITIZE_OURS) -fsanitize=fuzzer))

unit: need-test ## the units alone
	@$(MAKE) -j$(JOBS) build-unit
	@$(PROVE) $(addprefix $(B)/unit/,$(UNITS))

unit-asan: need-test need-fuzz ## the units under AddressSanitizer and UBSan
	@$(MAKE) -j$(JOBS) build-unit-asan
	@$(PROVE) $(addprefix $(B)/unit-asan/,$(UNITS))

fuzz: need-fuzz ## the fuzzers, FUZZ_SECONDS=15 each
	@$(MAKE) -j$(JOBS) build-fuzz
	@$(PROVE) -v t/tools/fuzz.sh


# programs of the test library

STRAIN = $(addprefix $(B)/strain/,decisions proxy nomem.so)

$(B)/strain/decisions: $(addprefix t/strain/,decisions.c households.c conn.c)
$(B)/strain/proxy: t/strain/proxy.c
$(B)/strain/nomem.so: t/strain/nomem.c
$(B)/strain/nomem.so: SHARED = -shared -fPIC -fno-builtin

$(STRAIN): $(wildcard t/strain/*.h)
	@mkdir -p $(@D)
	@$(CC) -O2 -g $(WARN) -D_GNU_SOURCE $(SHARED) -o $@ $(filter %.c,$^)

.PHONY: build-strain
build-strain: $(STRAIN)


.PHONY: source units-on-nginx
source: $(B)/nginx/configure ## fetch the source of nginx that some tests need
units-on-nginx:
	@echo $(filter $(ON_NGINX),$(UNITS) $(FUZZERS))


# --- the suite ------------------------------------------------------------

.PHONY: unit unit-asan fuzz test test-hup test-asan test-valgrind
.PHONY: soak hostile smoke test-compat test-modules test-valkey test-nginx
.PHONY: coverage
.PHONY: order check matrix matrix-build demo run test-monitoring

# the fuzzers first: no other file takes as long

test: need-test need-fuzz ## all of it: units, fuzzers, the form, t/
	@$(MAKE) build-module $(FULL_module)
	@$(MAKE) -j$(JOBS) build-tools build-strain build-unit \
	    build-fuzz
	@$(PROVE) t/tools/fuzz.sh $(addprefix $(B)/unit/,$(UNITS)) \
	    t/tools/check.t t/tools/packages.t $(T)

.PHONY: build-full
build-full: build-module
	@$(MAKE) -s -C $(SRC_module) -f $(B)/module/Makefile binary

test-hup: need-test ## t/ with nginx reloaded, not restarted, for each test
	@$(MAKE) build-module build-tools build-strain $(FULL_module)
	@TEST_NGINX_USE_HUP=1 $(PROVE) $(T)

test-asan: TEST_SO =
test-asan: TEST_BINARY = $(B)/asan/nginx
test-asan: UNIT_DIR = unit-asan
test-asan: need-test need-fuzz ## units and t/ under AddressSanitizer and UBSan
	@$(MAKE) build-asan build-tools build-strain
	@$(MAKE) -j$(JOBS) build-unit-asan
	@t/tools/reports.sh $(B)/asan/reports \
	    $(PROVE) $(addprefix $(B)/unit-asan/,$(UNITS)) $(T_ALONE)

test-valgrind: TEST_SO =
test-valgrind: TEST_BINARY = $(B)/valgrind/nginx
test-valgrind: need-test ## t/ under valgrind (slow)
	@$(MAKE) build-valgrind build-tools build-strain
	@t/tools/reports.sh $(B)/valgrind/reports $(PROVE) $(T_ALONE)

# one after another, so that each has the machine

SECONDS = 180
SOAK = t/strain.t t/strain-fleet.t

soak: need-test ## servers that come and go, for SECONDS=180; SEED=n SOAK=test
	@$(MAKE) build-module build-strain $(FULL_module)
	@STRAIN_SECONDS=$(SECONDS) $(SEED:%=STRAIN_SEED=%) $(PROVE) -j1 -v $(SOAK)

hostile: need-test ## servers that lie, for SECONDS=180; SEED=n repeats a run
	@$(MAKE) build-module $(FULL_module)
	@HOSTILE_SECONDS=$(SECONDS) HOSTILE_SEED=$(SEED) $(PROVE) -v t/hostile.t

# configured with --with-compat alone, and loaded by an nginx with TLS and by
# one without

test-compat: TEST_SO = $(B)/compat/$(NAME).so
test-compat: need-test ## one module for an nginx with TLS and one without
	@$(MAKE) build-compat $(LEAN:%=build-%) build-plain $(FULL_module)
	@$(PROVE) t/token-tls.t t/redis-tls.t t/config-errors.t t/update.t
	@$(MAKE) $(LEAN:%=test-%) test-plain

.PHONY: $(LEAN:%=test-%)
$(LEAN:%=test-%): test-%:
	@$(MAKE) TEST_SO=$(B)/$*/$(NAME).so prove-lean

.PHONY: prove-lean
prove-lean:
	@$(PROVE) t/token-lean.t

.PHONY: test-plain
test-plain: TEST_SO = $(B)/compat/$(NAME).so
test-plain: TEST_BINARY = $(B)/plain/nginx
test-plain:
	@$(PROVE) t/config-errors.t t/metrics.t t/update.t

test-modules: need-test need-modules ## beside every module that Debian has
	@$(MAKE) build-module
	@$(PROVE) t/modules.t

test-monitoring: need-test need-monitoring ## the alerts, in a real Prometheus
	@$(MAKE) build-module $(FULL_module)
	@promtool test rules t/monitoring/household.test.yml
	@$(PROVE) -v t/monitoring/alerts.t

# what a change of nginx would break: phases, the resolver, TLS, shared memory

SMOKE = answer coherence inherit redis-connect redis-resolve redis-tls reload \
    status token update variables verdict

smoke: TEST_SO = $(B)/smoke/$(NAME).so
smoke: TEST_BINARY = $(B)/smoke/nginx
smoke: need-test ## some of t/ with an nginx, or a fork of it, of NGINX_SRC=dir
	@$(MAKE) build-smoke
	@$(PROVE) $(SMOKE:%=t/%.t)

VALKEY = coherence coherence-delay redis-cluster redis-replica redis-sentinel \
    redis-tls redis-tls-many

test-valkey: need-test need-valkey ## what is about Redis in t/, with Valkey
	@$(MAKE) build-module $(FULL_module)
	@HOUSEHOLD_REDIS_SERVER=valkey-server $(PROVE) $(VALKEY:%=t/%.t)

test-nginx: need-test ## the suite of nginx itself, with the module switched on
	@test -n '$(NGINX_TESTS)' || { echo 'household: say NGINX_TESTS=dir,' \
	    'a copy of nginx-tests' >&2; exit 1; }
	@$(MAKE) build-dynamic
	@BUILD=$(B) t/tools/nginx-tests.pl $(NGINX_TESTS)

coverage: TEST_SO =
coverage: TEST_BINARY = $(B)/gcov/nginx
coverage: UNIT_DIR = unit-gcov
coverage: need-test ## lines of our C that the suite runs: at least 90 %
	@$(MAKE) build-gcov build-tools
	@$(MAKE) -j$(JOBS) build-unit-gcov
	@find $(B)/gcov $(B)/unit-gcov -name '*.gcda' -delete
	@code=0; $(PROVE) $(addprefix $(B)/unit-gcov/,$(UNITS)) $(T_LINES) \
	    || code=1; \
	t/tools/coverage.pl 90 $(B)/gcov $(B)/unit-gcov || code=1; exit $$code

order: need-test ## where the module stands among others: loaded, linked in
	@$(MAKE) build-module $(ORDER:%=build-%) $(FULL_module)
	@BUILD=$(B) TEST_NGINX_BINARY=$(LOADER) ORDER="$(ORDER)" \
	    prove -v t/tools/order.t

check: need-test ## the form: layers, lengths, lists; and that faults are seen
	@t/tools/check.pl
	@prove t/tools/check.t t/tools/packages.t

MATRIX = BUILD=$(B) JOBS=$(JOBS) DEMOS="$(DEMOS)" t/tools/matrix.sh

matrix: need-matrix ## make test on Debian 12, 13 and sid, gcc and clang (root)
	@$(MATRIX) $(SUITES) $(DEMOS)

matrix-build: need-matrix ## what it needs, ahead of it
	@$(MATRIX) --build $(SUITES) $(DEMOS)


# --- what the sharing rule is worth ---------------------------------------

SIMULATOR = $(wildcard t/household/*.[ch])
SIMULATE = $(B)/simulate --seed 1
SIMULATE_CHECK = $(SIMULATE) --households 1000 --shares 300

$(B)/simulate: $(SIMULATOR) $(HEADERS) $(B)/unit/parts.a
	@$(CC) -O2 -g $(WARN) $(INCLUDES) -o $@ $(filter %.c %.a,$^) \
	    $(PARTS_LIBS)

.PHONY: simulate simulate-check simulate-baseline
simulate: need-build ## a year of households and sharers; WORLD=plain DOCS=1
	@$(MAKE) $(B)/simulate
	@$(SIMULATE) $(if $(WORLD),--only "$(WORLD)",--svg \
	    $(if $(DOCS),docs,$(B))/fairness.svg)

simulate-check: need-test ## less of it: no figure is worse, an edge agrees
	@$(MAKE) $(B)/simulate build-module
	@$(SIMULATE_CHECK) --check t/household/baseline.txt
	@SIMULATE=$(B)/simulate $(PROVE) t/household/replay.t

simulate-baseline: need-build ## and the figures that it is compared with
	@$(MAKE) $(B)/simulate
	@$(SIMULATE_CHECK) --baseline t/household/baseline.txt


# --- what it costs --------------------------------------------------------

.PHONY: bench bench-fleet bench-import bench-instructions bench-scale bench-zone

BENCH = $(TEST_ENV)

bench: need-bench ## what a decision costs, and the alternatives; DOCS=1
	@$(MAKE) build-module $(FULL_module)
	@mkdir -p $(B)/bench && $(BENCH) t/bench/bench.pl --out $(B)/bench \
	    $(DOCS:%=--docs docs/performance.md)

bench-scale: need-bench ## how that grows; ACCOUNTS=1000,10000000 DOCS=1
	@$(MAKE) build-module $(FULL_module)
	@mkdir -p $(B)/bench && $(BENCH) t/bench/scale.pl --out $(B)/bench \
	    $(ACCOUNTS:%=--accounts %) $(DOCS:%=--docs docs/performance.md)

bench-fleet: need-bench ## many edges at a tree of replicas; FLEET="--edges 9"
	@$(MAKE) build-module build-strain $(FULL_module)
	@mkdir -p $(B)/bench && $(BENCH) t/bench/fleet.pl --out $(B)/bench \
	    $(FLEET)

bench-reconnect: need-bench ## edges that lose a Redis; RECONNECT="--edges 9"
	@$(MAKE) build-module $(FULL_module)
	@mkdir -p $(B)/bench && $(BENCH) t/bench/reconnect.pl --out $(B)/bench \
	    $(RECONNECT)

bench-import: need-bench ## what an import costs; ACCOUNTS=1000000
	@$(MAKE) build-module $(FULL_module)
	@$(BENCH) t/bench/import.pl $(ACCOUNTS:%=--accounts %)

bench-instructions: need-bench ## instructions per request: none may be more
	@$(MAKE) build-module $(FULL_module)
	@$(BENCH) t/bench/instructions.pl $(RECORD:%=--record) \
	    t/bench/instructions.txt

# on cmocka only for what the tests of the zone put in the place of nginx

ZONE = $(wildcard src/zone/*.c) src/core/ngx_household_id.c \
    src/core/ngx_household_siphash.c

$(B)/bench/zone: t/bench/zone.c $(ZONE) $(HEADERS) $(B)/unit/nginx.a
	@mkdir -p $(@D)
	@$(CC) -O2 -g $(WARN) $(WARN_TESTS) $(INCLUDES) -o $@ \
	    $(filter %.c %.a,$^) -Wl,--wrap=ngx_shmtx_lock \
	    -Wl,--wrap=ngx_shmtx_unlock -lcmocka

bench-zone: need-test ## the lock of the zone; ACCOUNTS="1000 100000"
	@$(MAKE) $(B)/bench/zone
	@$(B)/bench/zone 1 $(ACCOUNTS)


# --- to look at -----------------------------------------------------------

demo: need-demo ## households, viewers, verdicts: a table to look at
	@$(MAKE) build-module $(FULL_module)
	@$(TEST_ENV) docker/demo/demo.sh

run: need-demo need-run ## a page on loopback: who, where, a film or the offer
	@$(MAKE) build-module $(FULL_module)
	@$(TEST_ENV) DEMO_FILM=$(B)/film docker/demo/demo.sh run
