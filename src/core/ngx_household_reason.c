
/*
 * The reasons of verdicts and their words.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_reason.h"


static ngx_str_t  ngx_household_reasons[NGX_HOUSEHOLD_REASONS] = {

    [NGX_HOUSEHOLD_REASON_NONE] = ngx_null_string,

    [NGX_HOUSEHOLD_REASON_OFF] = ngx_string("off"),
    [NGX_HOUSEHOLD_REASON_OPTIONS] = ngx_string("options"),

    [NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING] = ngx_string("account_missing"),
    [NGX_HOUSEHOLD_REASON_ACCOUNT_INVALID] = ngx_string("account_invalid"),
    [NGX_HOUSEHOLD_REASON_TOKEN_MISSING] = ngx_string("token_missing"),
    [NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED] = ngx_string("token_malformed"),
    [NGX_HOUSEHOLD_REASON_TOKEN_CONFLICT] = ngx_string("token_conflict"),
    [NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM] = ngx_string("token_algorithm"),
    [NGX_HOUSEHOLD_REASON_TOKEN_KEY] = ngx_string("token_key"),
    [NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE] = ngx_string("token_signature"),
    [NGX_HOUSEHOLD_REASON_TOKEN_CLAIM] = ngx_string("token_claim"),
    [NGX_HOUSEHOLD_REASON_TOKEN_ISSUER] = ngx_string("token_issuer"),
    [NGX_HOUSEHOLD_REASON_TOKEN_AUDIENCE] = ngx_string("token_audience"),
    [NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED] = ngx_string("token_expired"),
    [NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET] = ngx_string("token_not_yet"),
    [NGX_HOUSEHOLD_REASON_TOKEN_URI] = ngx_string("token_uri"),
    [NGX_HOUSEHOLD_REASON_TOKEN_TYPE] = ngx_string("token_type"),
    [NGX_HOUSEHOLD_REASON_TOKEN_DENIED] = ngx_string("token_denied"),
    [NGX_HOUSEHOLD_REASON_TOKEN_METHOD] = ngx_string("token_method"),
    [NGX_HOUSEHOLD_REASON_TOKEN_HEADER] = ngx_string("token_header"),
    [NGX_HOUSEHOLD_REASON_TOKEN_PROTOCOL] = ngx_string("token_protocol"),
    [NGX_HOUSEHOLD_REASON_TOKEN_NETWORK] = ngx_string("token_network"),
    [NGX_HOUSEHOLD_REASON_TOKEN_COUNTRY] = ngx_string("token_country"),
    [NGX_HOUSEHOLD_REASON_TOKEN_CONDITION] = ngx_string("token_condition"),
    [NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED] = ngx_string("token_unsupported"),
    [NGX_HOUSEHOLD_REASON_KEYS_UNAVAILABLE] = ngx_string("keys_unavailable"),
    [NGX_HOUSEHOLD_REASON_CLAIM] = ngx_string("claim"),

    [NGX_HOUSEHOLD_REASON_REVOKED] = ngx_string("revoked"),

    [NGX_HOUSEHOLD_REASON_UNAVAILABLE] = ngx_string("unavailable"),
    [NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE] = ngx_string("record_too_large"),
    [NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN] = ngx_string("address_unknown"),

    [NGX_HOUSEHOLD_REASON_HOME] = ngx_string("home"),
    [NGX_HOUSEHOLD_REASON_EXTRA_MEMBER] = ngx_string("extra_member"),
    [NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE] = ngx_string("trusted_device"),
    [NGX_HOUSEHOLD_REASON_TRAVEL] = ngx_string("travel"),
    [NGX_HOUSEHOLD_REASON_UNREGISTERED] = ngx_string("unregistered"),
    [NGX_HOUSEHOLD_REASON_LEARNED] = ngx_string("learned"),
    [NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN] = ngx_string("family_unknown"),
    [NGX_HOUSEHOLD_REASON_NOT_ENFORCED] = ngx_string("not_enforced"),
    [NGX_HOUSEHOLD_REASON_ROLLOUT] = ngx_string("rollout"),
    [NGX_HOUSEHOLD_REASON_MEMBER] = ngx_string("member"),
    [NGX_HOUSEHOLD_REASON_NOT_SHARED] = ngx_string("not_shared"),
    [NGX_HOUSEHOLD_REASON_AWAY] = ngx_string("away"),
    [NGX_HOUSEHOLD_REASON_GRACE] = ngx_string("grace"),
    [NGX_HOUSEHOLD_REASON_OUTSIDE] = ngx_string("outside")
};


static ngx_str_t  ngx_household_details[NGX_HOUSEHOLD_DETAILS] = {
    [NGX_HOUSEHOLD_DETAIL_NONE] = ngx_null_string,
    [NGX_HOUSEHOLD_DETAIL_SEAT_ENDED] = ngx_string("seat_ended"),
    [NGX_HOUSEHOLD_DETAIL_DEVICE_EXPIRED] = ngx_string("device_expired"),
    [NGX_HOUSEHOLD_DETAIL_TRAVEL_OVER] = ngx_string("travel_over"),
    [NGX_HOUSEHOLD_DETAIL_FAMILY_MISSING] = ngx_string("family_missing"),
    [NGX_HOUSEHOLD_DETAIL_NEVER_SEEN] = ngx_string("never_seen")
};


ngx_str_t *
ngx_household_reason_name(ngx_household_reason_e reason)
{
    if (reason >= NGX_HOUSEHOLD_REASONS) {
        reason = NGX_HOUSEHOLD_REASON_NONE;
    }

    return &ngx_household_reasons[reason];
}


ngx_str_t *
ngx_household_detail_name(ngx_household_detail_e detail)
{
    if (detail >= NGX_HOUSEHOLD_DETAILS) {
        detail = NGX_HOUSEHOLD_DETAIL_NONE;
    }

    return &ngx_household_details[detail];
}
