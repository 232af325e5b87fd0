
/*
 * URI Signing for CDNI (RFC 9246).
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/evp.h>
#include "ngx_household_ere.h"
#include "ngx_household_jose.h"
#include "ngx_household_renewal.h"
#include "ngx_household_uri.h"
#include "ngx_household_urisigning.h"
#include "ngx_household_str.h"


/* length of a SHA-256 digest, in bytes and in base64url */
#define NGX_HOUSEHOLD_URISIGNING_HASH_LEN  32
#define NGX_HOUSEHOLD_URISIGNING_TEXT_LEN  43


static ngx_uint_t ngx_household_urisigning_critical(const json_t *claims);
static ngx_uint_t ngx_household_urisigning_enforced(const json_t *claims,
    const u_char *name, size_t len);
static ngx_int_t ngx_household_urisigning_hash(const ngx_str_t *segment,
    const ngx_str_t *uri);
static ngx_uint_t ngx_household_urisigning_form(const ngx_str_t *container,
    const char *form, ngx_str_t *rest);


static const char  *ngx_household_urisigning_names[] = {
    "cdniv", "cdnicrit", "cdniip", "cdniuc", "cdniets", "cdnistt", "cdnistd",
    NULL
};


/* claims that "cdnicrit" may list; they are checked in any case */

static const char  *ngx_household_urisigning_enforces[] = {
    "iss", "aud", "exp", "nbf", "iat", "cdniv", "cdniip", "cdniuc", "cdniets",
    "cdnistt", "cdnistd", NULL
};


ngx_uint_t
ngx_household_urisigning_present(const json_t *claims)
{
    ngx_uint_t  i;

    for (i = 0; ngx_household_urisigning_names[i] != NULL; i++) {
        if (json_object_get(claims, ngx_household_urisigning_names[i])
            != NULL)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_household_urisigning_check(const json_t *claims,
    const ngx_household_cdniip_keys_t *keys, ngx_household_urisigning_t *u)
{
    json_t      *version;
    ngx_int_t    rc;
    ngx_str_t    rest, client;

    ngx_memzero(u, sizeof(ngx_household_urisigning_t));

    version = json_object_get(claims, "cdniv");

    if (version != NULL
        && (!json_is_integer(version) || json_integer_value(version) != 1))
    {
        return NGX_DECLINED;
    }

    if (!ngx_household_urisigning_critical(claims)) {
        return NGX_DECLINED;
    }

    /* RFC 9246, 2.1.7: single use */

    if (json_object_get(claims, "jti") != NULL) {
        return NGX_DECLINED;
    }

    if (ngx_household_renewal_read(claims, &u->renewal) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_household_json_string(claims, "cdniip", &client);

    if (rc == NGX_ERROR
        || (rc == NGX_OK
            && (keys == NULL
                || ngx_household_cdniip_read(keys, &client, &u->client)
                   != NGX_OK)))
    {
        return NGX_DECLINED;
    }

    rc = ngx_household_json_string(claims, "cdniuc", &u->container);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc != NGX_OK || u->container.len > NGX_HOUSEHOLD_CONTAINER_LEN) {
        return NGX_DECLINED;
    }

    /* this also rejects an empty "cdniuc", which is not the same as none */

    if (!ngx_household_urisigning_form(&u->container, "hash:", &rest)
        && !ngx_household_urisigning_form(&u->container, "regex:", &rest))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* RFC 9246, 2.1.9: names separated by commas */

static ngx_uint_t
ngx_household_urisigning_critical(const json_t *claims)
{
    u_char     *p, *last, *name;
    ngx_int_t   rc;
    ngx_str_t   list;

    rc = ngx_household_json_string(claims, "cdnicrit", &list);

    if (rc == NGX_DECLINED) {
        return 1;
    }

    if (rc == NGX_ERROR) {
        return 0;
    }

    p = list.data;
    last = list.data + list.len;

    for ( ;; ) {
        name = p;

        while (p < last && *p != ',') {
            p++;
        }

        if (!ngx_household_urisigning_enforced(claims, name, p - name)) {
            return 0;
        }

        if (p == last) {
            return 1;
        }

        p++;
    }
}


static ngx_uint_t
ngx_household_urisigning_enforced(const json_t *claims, const u_char *name,
    size_t len)
{
    ngx_str_t    s;
    ngx_uint_t   i;
    const char  *known;

    s.data = (u_char *) name;
    s.len = len;

    for (i = 0; ngx_household_urisigning_enforces[i] != NULL; i++) {
        known = ngx_household_urisigning_enforces[i];

        if (ngx_household_str_is(&s, known)) {
            return json_object_get(claims, known) != NULL;
        }
    }

    return 0;
}


ngx_int_t
ngx_household_urisigning_match(const ngx_str_t *container,
    const ngx_str_t *uri, const ngx_str_t *package, const ngx_str_t *token)
{
    u_char                 buf[NGX_HOUSEHOLD_URI_SIZE + 1];
    ngx_str_t              rest, normal;
    ngx_household_uri_t    u;

    normal.data = buf;

    /*
     * The token is removed after the normalization.  In
     * "/b/URISigningPackage=t/../a" the token is in a segment that nginx
     * removes with "..", and "/b/../a" would be another URI than the one that
     * is served.
     */

    if (ngx_household_uri_normalize(&u, uri, &normal, sizeof(buf)) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_household_uri_remove(&normal, package, token);

    if (ngx_household_urisigning_form(container, "hash:", &rest)) {
        return ngx_household_urisigning_hash(&rest, &normal);
    }

    /*
     * An expression matches bytes, while nginx splits the path into segments.
     * An ambiguous path is rejected, since nginx has other slashes in it than
     * the expression.
     */

    if (ngx_household_urisigning_form(container, "regex:", &rest)
        && !u.ambiguous
        && ngx_household_ere_match(&rest, &normal) == NGX_OK)
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/* RFC 6920, 5: "sha-256;" and the digest in base64url */

static ngx_int_t
ngx_household_urisigning_hash(const ngx_str_t *segment, const ngx_str_t *uri)
{
    u_char     digest[EVP_MAX_MD_SIZE];
    u_char     buf[ngx_household_base64url_size(
                               NGX_HOUSEHOLD_URISIGNING_TEXT_LEN)];
    ngx_str_t  value, decoded;

    if (!ngx_household_urisigning_form(segment, "sha-256;", &value)
        || value.len != NGX_HOUSEHOLD_URISIGNING_TEXT_LEN)
    {
        return NGX_DECLINED;
    }

    decoded.data = buf;

    if (ngx_household_base64url_decode(&decoded, &value) != NGX_OK
        || decoded.len != NGX_HOUSEHOLD_URISIGNING_HASH_LEN
        || EVP_Digest(uri->data, uri->len, digest, NULL, EVP_sha256(), NULL)
           != 1
        || ngx_memcmp(digest, decoded.data, decoded.len) != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* returns 1 and sets "rest" if "container" begins with "form" */

static ngx_uint_t
ngx_household_urisigning_form(const ngx_str_t *container, const char *form,
    ngx_str_t *rest)
{
    size_t  len;

    len = ngx_strlen(form);

    if (container->len < len || ngx_memcmp(container->data, form, len) != 0) {
        return 0;
    }

    rest->data = container->data + len;
    rest->len = container->len - len;

    return 1;
}
