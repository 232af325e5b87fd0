
/*
 * What the units of Common Access Tokens share: CBOR from diagnostic notation
 * (RFC 8949, 8), and signed tokens with any headers and claims.
 */


#ifndef _NGX_HOUSEHOLD_CAT_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_TEST_H_INCLUDED_


#include "ngx_household_mint.h"
#include "ngx_household_test.h"


#define CAT_SIZE  8192


/* a head of the shortest size */

static ngx_inline u_char *
cat_head(u_char *p, int major, uint64_t n)
{
    int  size, i;

    if (n < 24) {
        *p++ = (u_char) (major << 5 | n);
        return p;
    }

    size = n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x100000000 ? 4 : 8;
    *p++ = (u_char) (major << 5 | (size == 1 ? 24 : size == 2 ? 25
                                   : size == 4 ? 26 : 27));

    for (i = size - 1; i >= 0; i--) {
        *p++ = (u_char) (n >> 8 * i);
    }

    return p;
}


static ngx_inline u_char *
cat_string(u_char *p, int major, const void *data, size_t len)
{
    p = cat_head(p, major, len);
    memcpy(p, data, len);

    return p + len;
}


/* h'00' and x'00' */

static ngx_inline u_char *
cat_hex(u_char *p, const char **text)
{
    int      major;
    char     two[3];
    u_char   buf[CAT_SIZE], *q;

    major = **text == 'h' ? 2 : -1;
    two[2] = '\0';
    q = buf;

    for (*text += 2; **text != '\''; *text += 2) {
        two[0] = (*text)[0];
        two[1] = (*text)[1];
        *q++ = (u_char) strtoul(two, NULL, 16);
    }

    (*text)++;

    if (major < 0) {
        memcpy(p, buf, q - buf);
        return p + (q - buf);
    }

    return cat_string(p, major, buf, q - buf);
}


/* true, false, null, undefined; or NULL */

static ngx_inline u_char *
cat_word(u_char *p, const char **text)
{
    size_t  i, n;

    static const char  *words[] = { "false", "true", "null", "undefined" };

    for (i = 0; i < test_count(words); i++) {
        n = strlen(words[i]);

        if (strncmp(*text, words[i], n) == 0) {
            *text += n;
            *p++ = (u_char) (0xf4 + i);
            return p;
        }
    }

    return NULL;
}


/* f1.5 */

static ngx_inline u_char *
cat_real(u_char *p, const char **text)
{
    int        i;
    char      *end;
    double     real;
    uint64_t   number;

    real = strtod(*text + 1, &end);
    *text = end;
    memcpy(&number, &real, 8);
    *p++ = 0xfb;

    for (i = 56; i >= 0; i -= 8) {
        *p++ = (u_char) (number >> i);
    }

    return p;
}


/*
 * Appends the CBOR of a text: integers, f1.5, 'text', h'00', [a, b], {k: v},
 * 17(item), true, false, null, undefined; and x'00' for these bytes as they
 * are.  Advances "text" to what follows.
 */

static ngx_inline u_char *
cat_item(u_char *p, const char **text)
{
    int          major;
    char        *end;
    u_char       buf[CAT_SIZE], *q;
    uint64_t     number;
    ngx_uint_t   n;

    *text += strspn(*text, " ,:");
    q = cat_word(p, text);

    if (q != NULL) {
        return q;
    }

    switch (**text) {

    case '\'':
        n = strcspn(*text + 1, "'");
        p = cat_string(p, 3, *text + 1, n);
        *text += n + 2;
        return p;

    case 'h':
    case 'x':
        return cat_hex(p, text);

    case 'f':
        return cat_real(p, text);

    case '[':
    case '{':
        major = **text == '[' ? 4 : 5;
        (*text)++;
        q = buf;
        n = 0;

        for ( ;; ) {
            *text += strspn(*text, " ,:");

            if (**text == ']' || **text == '}') {
                break;
            }

            q = cat_item(q, text);
            n++;
        }

        (*text)++;
        p = cat_head(p, major, major == 4 ? n : n / 2);
        memcpy(p, buf, q - buf);
        return p + (q - buf);

    default:
        major = **text == '-' ? 1 : 0;
        number = strtoull(*text + major, &end, 10);

        if (end == *text + major) {
            fail_msg("no CBOR: %s", *text);
        }

        *text = end;

        if (*end != '(') {
            return cat_head(p, major, number - major);
        }

        p = cat_head(p, 6, number);
        (*text)++;
        p = cat_item(p, text);
        *text += strspn(*text, " )");
        return p;
    }
}


static ngx_inline ngx_str_t
cat_cbor(u_char *buf, const char *text)
{
    u_char  *p;

    p = cat_item(buf, &text);

    return mint_bytes(buf, p - buf);
}


/* what is signed: RFC 9052, 4.4 and 6.3 */

static ngx_inline ngx_str_t
cat_signed(u_char *buf, const char *context, const ngx_str_t *header,
    const ngx_str_t *payload)
{
    u_char  *p;

    p = cat_head(buf, 4, 4);
    p = cat_string(p, 3, context, strlen(context));
    p = cat_string(p, 2, header->data, header->len);
    p = cat_head(p, 2, 0);
    p = cat_string(p, 2, payload->data, payload->len);

    return mint_bytes(buf, p - buf);
}


/*
 * Writes a message to "p": "tags" in hex, then the headers, in CBOR or as
 * text, the payload, and the signature of "key" by the algorithm "alg" of JWS.
 * Returns the end.
 */

static ngx_inline u_char *
cat_message(u_char *p, const char *tags, mint_key_t *key, const char *alg,
    const ngx_str_t *header, const char *unprotected,
    const ngx_str_t *payload)
{
    char        two[3];
    u_char      input[CAT_SIZE], signature[1024];
    ngx_str_t   in;
    ngx_uint_t  len;

    in = cat_signed(input, alg[0] == 'H' ? "MAC0" : "Signature1", header,
                    payload);
    len = mint_sign(key, alg, &in, signature);

    two[2] = '\0';

    for ( /* void */ ; *tags != '\0'; tags += 2) {
        two[0] = tags[0];
        two[1] = tags[1];
        *p++ = (u_char) strtoul(two, NULL, 16);
    }

    p = cat_head(p, 4, 4);
    p = cat_string(p, 2, header->data, header->len);
    p = cat_item(p, &unprotected);
    p = cat_string(p, 2, payload->data, payload->len);

    return cat_string(p, 2, signature, len);
}


/* likewise, in base64url, and with all parts as text */

static ngx_inline ngx_str_t
cat_token(char *to, const char *tags, mint_key_t *key, const char *alg,
    const char *header, const char *unprotected, const char *payload)
{
    char       *last;
    u_char      message[CAT_SIZE], *p;
    u_char      header_buf[CAT_SIZE], payload_buf[CAT_SIZE];
    ngx_str_t   h, c;

    h = header[0] != '\0' ? cat_cbor(header_buf, header)
                          : mint_bytes("", 0);
    c = cat_cbor(payload_buf, payload);

    p = cat_message(message, tags, key, alg, &h, unprotected, &c);
    last = mint_base64url(to, message, p - message);

    return mint_bytes(to, last - to);
}


#endif /* _NGX_HOUSEHOLD_CAT_TEST_H_INCLUDED_ */
