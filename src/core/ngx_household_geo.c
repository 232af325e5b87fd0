
/*
 * The country of an address.  See ngx_household_geo.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sys/mman.h>
#include <maxminddb.h>
#include "ngx_household_country.h"
#include "ngx_household_geo.h"


#if (NGX_LINUX)
#define NGX_HOUSEHOLD_GEO_FD_PATH  "/proc/self/fd/%d%Z"
#else
#define NGX_HOUSEHOLD_GEO_FD_PATH  "/dev/fd/%d%Z"
#endif


struct ngx_household_geo_s {
    MMDB_s       db;
    const char  *path[NGX_HOUSEHOLD_GEO_DEPTH + 1];
};


static ngx_int_t ngx_household_geo_path(ngx_pool_t *pool,
    ngx_household_geo_t *geo, ngx_str_t *path);
static ngx_int_t ngx_household_geo_map(ngx_household_geo_t *geo,
    ngx_str_t *file, const char **error);
static const char *ngx_household_geo_copy(ngx_str_t *file, ngx_fd_t copy);
static const char *ngx_household_geo_copy_all(ngx_fd_t fd, ngx_fd_t copy);
static void ngx_household_geo_close(void *data);


ngx_household_geo_t *
ngx_household_geo_open(ngx_pool_t *pool, ngx_str_t *file, ngx_str_t *path,
    const char **error)
{
    ngx_pool_cleanup_t   *cln;
    ngx_household_geo_t  *geo;

    *error = "no memory";

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_household_geo_t));
    if (cln == NULL) {
        return NULL;
    }

    geo = cln->data;
    ngx_memzero(geo, sizeof(ngx_household_geo_t));

    if (ngx_household_geo_path(pool, geo, path) != NGX_OK) {
        *error = "the path to the country is malformed";
        return NULL;
    }

    if (ngx_household_geo_map(geo, file, error) != NGX_OK) {
        return NULL;
    }

    cln->handler = ngx_household_geo_close;

    return geo;
}


static ngx_int_t
ngx_household_geo_path(ngx_pool_t *pool, ngx_household_geo_t *geo,
    ngx_str_t *path)
{
    u_char      *p, *name, *last;
    ngx_uint_t   n;

    p = ngx_pnalloc(pool, path->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(p, path->data, path->len);
    *last = '.';

    n = 0;

    for (name = p; p <= last; p++) {

        if (*p != '.') {
            continue;
        }

        if (p == name || n == NGX_HOUSEHOLD_GEO_DEPTH) {
            return NGX_ERROR;
        }

        *p = '\0';
        geo->path[n++] = (char *) name;
        name = p + 1;
    }

    return NGX_OK;
}


/*
 * libmaxminddb maps the file that it opens.  If that is truncated or written
 * over later, each access to the map may end the process by SIGBUS.  So what
 * is mapped is a copy in memory, without a name, that nobody else can open.
 */

static ngx_int_t
ngx_household_geo_map(ngx_household_geo_t *geo, ngx_str_t *file,
    const char **error)
{
    int       rc;
    u_char    path[sizeof(NGX_HOUSEHOLD_GEO_FD_PATH) + NGX_INT_T_LEN];
    ngx_fd_t  fd;

    fd = memfd_create("household_geoip", MFD_CLOEXEC);

    if (fd == -1) {
        *error = "memfd_create() failed";
        return NGX_ERROR;
    }

    *error = ngx_household_geo_copy(file, fd);

    if (*error == NULL) {

        ngx_sprintf(path, NGX_HOUSEHOLD_GEO_FD_PATH, fd);

        rc = MMDB_open((char *) path, MMDB_MODE_MMAP, &geo->db);

        if (rc != MMDB_SUCCESS) {
            *error = MMDB_strerror(rc);
        }
    }

    /* the map holds the copy */

    (void) ngx_close_file(fd);

    return *error == NULL ? NGX_OK : NGX_ERROR;
}


/* returns NULL, or why it failed */

static const char *
ngx_household_geo_copy(ngx_str_t *file, ngx_fd_t copy)
{
    ngx_fd_t          fd;
    const char       *error;
    ngx_file_info_t   before, after;

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return ngx_errno == NGX_ENOENT ? "no such file"
                                       : "the file could not be opened";
    }

    if (ngx_fd_info(fd, &before) == NGX_FILE_ERROR || !ngx_is_file(&before)) {
        error = "not a regular file";

    } else if (ngx_file_size(&before) > NGX_HOUSEHOLD_GEO_SIZE) {
        error = "the file is larger than 1 gigabyte";

    } else {
        error = ngx_household_geo_copy_all(fd, copy);
    }

    if (error == NULL
        && (ngx_fd_info(fd, &after) == NGX_FILE_ERROR
            || ngx_file_size(&after) != ngx_file_size(&before)
            || ngx_file_mtime(&after) != ngx_file_mtime(&before)))
    {
        error = "the file was changed while it was read";
    }

    (void) ngx_close_file(fd);

    return error;
}


static const char *
ngx_household_geo_copy_all(ngx_fd_t fd, ngx_fd_t copy)
{
    off_t    size;
    u_char   buf[16384];
    ssize_t  n;

    for (size = 0; size <= NGX_HOUSEHOLD_GEO_SIZE; size += n) {

        n = ngx_read_fd(fd, buf, sizeof(buf));

        if (n == -1) {
            return "the file could not be read";
        }

        if (n == 0) {
            return NULL;
        }

        if (ngx_write_fd(copy, buf, n) != n) {
            return "no memory for a copy of the file";
        }
    }

    return "the file is larger than 1 gigabyte";
}


static void
ngx_household_geo_close(void *data)
{
    ngx_household_geo_t  *geo = data;

    MMDB_close(&geo->db);
}


ngx_int_t
ngx_household_geo_country(ngx_household_geo_t *geo,
    const ngx_household_addr_t *addr, u_char *country)
{
    int                   rc;
    MMDB_entry_data_s     data;
    struct sockaddr_in    sin;
    struct sockaddr_in6   sin6;
    MMDB_lookup_result_s  result;

    country[0] = '\0';
    country[1] = '\0';

    switch (addr->family) {

    case NGX_HOUSEHOLD_FAMILY_INET:
        ngx_memzero(&sin, sizeof(struct sockaddr_in));
        sin.sin_family = AF_INET;
        ngx_memcpy(&sin.sin_addr, addr->bytes, 4);
        result = MMDB_lookup_sockaddr(&geo->db, (struct sockaddr *) &sin, &rc);
        break;

    case NGX_HOUSEHOLD_FAMILY_INET6:

        if (geo->db.metadata.ip_version == 4) {
            return NGX_DECLINED;
        }

        ngx_memzero(&sin6, sizeof(struct sockaddr_in6));
        sin6.sin6_family = AF_INET6;
        ngx_memcpy(&sin6.sin6_addr, addr->bytes, 16);
        result = MMDB_lookup_sockaddr(&geo->db, (struct sockaddr *) &sin6,
                                      &rc);
        break;

    default:
        return NGX_DECLINED;
    }

    if (rc != MMDB_SUCCESS) {
        return NGX_ERROR;
    }

    if (!result.found_entry) {
        return NGX_DECLINED;
    }

    rc = MMDB_aget_value(&result.entry, &data, geo->path);

    if (rc == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR) {
        return NGX_DECLINED;
    }

    if (rc != MMDB_SUCCESS) {
        return NGX_ERROR;
    }

    if (!data.has_data) {
        return NGX_DECLINED;
    }

    if (data.type != MMDB_DATA_TYPE_UTF8_STRING) {
        return NGX_DECLINED;
    }

    return ngx_household_country_set(country, (u_char *) data.utf8_string,
                                     data.data_size);
}
