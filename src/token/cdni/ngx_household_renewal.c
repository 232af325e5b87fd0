
/*
 * Signed Token Renewal (RFC 9246, 3).
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jws.h"
#include "ngx_household_renewal.h"
#include "ngx_household_uri.h"
#include "ngx_household_urisigning.h"


/* bytes of a header and of claims in JSON */
#define NGX_HOUSEHOLD_RENEWAL_HEADER  1600
#define NGX_HOUSEHOLD_RENEWAL_CLAIMS  3072


static ngx_int_t ngx_household_renewal_parse(const ngx_str_t *token,
    json_t **header, json_t **claims);
static ngx_int_t ngx_household_renewal_update(json_t *claims, int64_t now,
    int64_t max, int64_t lifetime, int64_t *left);
static json_t *ngx_household_renewal_header(const json_t *former,
    const ngx_household_jwk_t *jwk, uint64_t key);
static ngx_int_t ngx_household_renewal_write(const ngx_household_jwk_t *jwk,
    const json_t *header, const json_t *claims, ngx_str_t *dst);


ngx_int_t
ngx_household_renewal_read(const json_t *claims,
    ngx_household_renewal_t *renewal)
{
    json_t     *transport, *depth;
    ngx_int_t   rc;

    ngx_memzero(renewal, sizeof(ngx_household_renewal_t));

    depth = json_object_get(claims, "cdnistd");

    if (depth != NULL) {

        if (!json_is_integer(depth) || json_integer_value(depth) < 0) {
            return NGX_DECLINED;
        }

        renewal->depth = json_integer_value(depth);
    }

    transport = json_object_get(claims, "cdnistt");

    rc = ngx_household_json_time(claims, "cdniets", 0, &renewal->lifetime);

    if (rc == NGX_ERROR || (rc == NGX_OK) != (transport != NULL)) {
        return NGX_DECLINED;
    }

    if (transport == NULL) {
        return NGX_OK;
    }

    if (!json_is_integer(transport)
        || json_integer_value(transport) < 0
        || json_integer_value(transport) > 1)
    {
        return NGX_DECLINED;
    }

    renewal->renewed = (ngx_uint_t) json_integer_value(transport);

    return NGX_OK;
}


ngx_int_t
ngx_household_renewal_key(const json_t *header, uint64_t *key)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_household_json_string(header, NGX_HOUSEHOLD_CHAIN_PARAM, &text);

    return rc == NGX_OK ? ngx_household_chain_read_key(&text, key) : rc;
}


ngx_int_t
ngx_household_renewal_sign(const ngx_household_jwks_t *keys,
    const ngx_str_t *token, uint64_t key, int64_t now, int64_t max,
    ngx_household_renewal_t *renewal, ngx_str_t *dst, int64_t *left)
{
    json_t     *former, *header, *claims;
    ngx_int_t   rc;

    rc = ngx_household_renewal_parse(token, &former, &claims);

    if (rc != NGX_OK) {
        return rc;
    }

    header = NULL;

    if (ngx_household_renewal_read(claims, renewal) != NGX_OK
        || !renewal->renewed)
    {
        rc = NGX_DECLINED;

    } else {
        rc = ngx_household_renewal_update(claims, now, max, renewal->lifetime,
                                          left);
    }

    if (rc == NGX_OK) {
        header = ngx_household_renewal_header(former, &keys->keys[0], key);

        rc = header != NULL
             ? ngx_household_renewal_write(&keys->keys[0], header, claims, dst)
             : NGX_ERROR;
    }

    json_decref(former);
    json_decref(header);
    json_decref(claims);

    return rc;
}


/* a token that was verified, so its form is known */

static ngx_int_t
ngx_household_renewal_parse(const ngx_str_t *token, json_t **header,
    json_t **claims)
{
    u_char      buf[ngx_household_base64url_size(NGX_HOUSEHOLD_CHAIN_SIZE)];
    u_char     *p, *dot, *last;
    json_t    **object;
    ngx_str_t   part, text;

    *header = NULL;
    *claims = NULL;

    if (token->len > NGX_HOUSEHOLD_CHAIN_SIZE) {
        return NGX_DECLINED;
    }

    p = token->data;
    last = token->data + token->len;

    for (object = header; /* void */ ; object = claims) {

        for (dot = p; dot < last && *dot != '.'; dot++) { /* void */ }

        part.data = p;
        part.len = dot - p;
        text.data = buf;

        if (dot == last
            || ngx_household_base64url_decode(&text, &part) != NGX_OK)
        {
            break;
        }

        *object = ngx_household_json_parse(&text, NULL);

        if (*object == NULL) {
            break;
        }

        if (object == claims) {
            return NGX_OK;
        }

        p = dot + 1;
    }

    json_decref(*header);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_household_renewal_update(json_t *claims, int64_t now, int64_t max,
    int64_t lifetime, int64_t *left)
{
    int64_t  issued;

    /* the time of the first token, which "revoked_before" is compared with */

    if (ngx_household_json_time(claims, "iat", 0, &issued) != NGX_OK) {
        issued = now;

        if (json_object_set_new(claims, "iat", json_integer(now)) != 0) {
            return NGX_ERROR;
        }
    }

    if (ngx_household_chain_left(issued, now, max, lifetime, left) != NGX_OK) {
        return NGX_DECLINED;
    }

    return json_object_set_new(claims, "exp", json_integer(now + *left)) == 0
           ? NGX_OK : NGX_ERROR;
}


static json_t *
ngx_household_renewal_header(const json_t *former,
    const ngx_household_jwk_t *jwk, uint64_t key)
{
    char     text[NGX_HOUSEHOLD_CHAIN_ID_LEN + 1];
    json_t  *header, *type;

    ngx_household_chain_write_key(key, text);

    header = json_pack("{s:s, s:s}", "alg",
                       ngx_household_jws_signs_with(&jwk->key),
                       NGX_HOUSEHOLD_CHAIN_PARAM, text);
    if (header == NULL) {
        return NULL;
    }

    type = json_object_get(former, "typ");

    if ((type != NULL && json_object_set(header, "typ", type) != 0)
        || (jwk->kid.len != 0
            && json_object_set_new(header, "kid",
                                   json_stringn((char *) jwk->kid.data,
                                                jwk->kid.len))
               != 0))
    {
        json_decref(header);
        return NULL;
    }

    return header;
}


static ngx_int_t
ngx_household_renewal_write(const ngx_household_jwk_t *jwk,
    const json_t *header, const json_t *claims, ngx_str_t *dst)
{
    u_char      mac[EVP_MAX_MD_SIZE];
    u_char     *p;
    size_t      n[2], size;
    char        buf[NGX_HOUSEHOLD_RENEWAL_HEADER
                    + NGX_HOUSEHOLD_RENEWAL_CLAIMS];
    ngx_str_t   input, signature;

    n[0] = json_dumpb(header, buf, NGX_HOUSEHOLD_RENEWAL_HEADER, JSON_COMPACT);

    if (n[0] == 0 || n[0] > NGX_HOUSEHOLD_RENEWAL_HEADER) {
        return NGX_DECLINED;
    }

    n[1] = json_dumpb(claims, buf + n[0], NGX_HOUSEHOLD_RENEWAL_CLAIMS,
                      JSON_COMPACT);

    size = ngx_household_base64url_length(n[0])
           + ngx_household_base64url_length(n[1])
           + ngx_household_base64url_length(EVP_MAX_MD_SIZE) + 2;

    if (n[1] == 0 || n[1] > NGX_HOUSEHOLD_RENEWAL_CLAIMS
        || size > NGX_HOUSEHOLD_CHAIN_SIZE)
    {
        return NGX_DECLINED;
    }

    p = ngx_household_base64url_encode(dst->data, (u_char *) buf, n[0]);
    *p++ = '.';
    p = ngx_household_base64url_encode(p, (u_char *) buf + n[0], n[1]);

    input.data = dst->data;
    input.len = p - dst->data;
    signature.data = mac;

    if (ngx_household_jws_sign(&jwk->key, &input, &signature) != NGX_OK) {
        return NGX_ERROR;
    }

    *p++ = '.';
    p = ngx_household_base64url_encode(p, mac, signature.len);

    dst->len = p - dst->data;

    return NGX_OK;
}


ngx_int_t
ngx_household_renewal_path(const ngx_str_t *uri, const ngx_str_t *package,
    const ngx_str_t *token, int64_t depth, u_char *buf, ngx_str_t *path)
{
    u_char               *p, *last;
    ngx_str_t             normal;
    ngx_household_uri_t   u;

    if (depth == 0) {
        ngx_str_set(path, "/");
        return NGX_OK;
    }

    normal.data = buf;

    if (ngx_household_uri_normalize(&u, uri, &normal,
                                    NGX_HOUSEHOLD_URI_SIZE + 1)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_household_uri_remove(&normal, package, token);

    /* the scheme and the host are followed by the path, or by nothing */

    last = normal.data + normal.len;
    p = ngx_strlchr(normal.data, last, ':') + sizeof("://") - 1;

    while (p < last && *p != '/') {
        p++;
    }

    path->data = p;

    for ( /* void */ ; depth > 0 && p < last && *p == '/'; depth--) {

        for (p++; p < last && *p != '/' && *p != '?'; p++) {

            if (*p == ';') {
                /* it would end the attribute of the cookie */
                return NGX_DECLINED;
            }
        }
    }

    path->len = p - path->data;

    return depth == 0 ? NGX_OK : NGX_DECLINED;
}
