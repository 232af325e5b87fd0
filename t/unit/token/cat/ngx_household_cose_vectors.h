
/*
 * Messages and keys of the examples of the COSE working group and of RFC 8392,
 * Appendix A; and what becomes of each: NONE, or the reason of the rejection.
 */


#ifndef _NGX_HOUSEHOLD_COSE_VECTORS_H_INCLUDED_
#define _NGX_HOUSEHOLD_COSE_VECTORS_H_INCLUDED_


#define NONE       NGX_HOUSEHOLD_REASON_NONE
#define MALFORMED  NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED
#define ALGORITHM  NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM
#define SIGNATURE  NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE

#define KEY_A3                                                              \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"FDMpzOeGjkFpJ1mc9lo0884v_a"  \
    "Vafspp7YkZo5TULw8\",\"y\":\"YPfxp4DYp4O_t6LdayeW6BKNu87509Fo25Uplxo2"  \
    "57k\"}"

#define KEY_P256                                                            \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"usWxHK2PmfnHKwXPS54m0kTcGJ"  \
    "90UiglWiGahtagnv8\",\"y\":\"IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8"  \
    "EX4\"}"

#define KEY_P384                                                            \
    "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"kTJyP2KSsBBhnb4kjWmMF7WHVs"  \
    "Y55xUPgb7k64rDcjatChoZ1nvjKmYmPh5STRKc\",\"y\":\"mM0weMVU2DKsYDxDJkE"  \
    "P9hZiRZtB8fPfXbzINZj_fF7YQRynNWedHEyzAJOX2e8s\"}"

#define KEY_P521                                                            \
    "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AHKZLLOsCOzz5cY97ewNUajB95"  \
    "7y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt\",\"y"  \
    "\":\"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAg"  \
    "DPrwQrJmbnX9cwlGfP-HqHZR1\"}"

#define KEY_ED25519                                                         \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7"  \
    "hcvPapiMlrwIaaPcHURo\"}"

#define KEY_ED448                                                           \
    "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"X9dEm1m0Yf0s54fsYWrUah2hN"  \
    "CSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA\"}"

#define KEY_S32                                                             \
    "{\"kty\":\"oct\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"  \
    "\"}"

#define KEY_S48                                                             \
    "{\"kty\":\"oct\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"  \
    "AESIzd4iZqiEiIyQlJico\"}"

#define KEY_S64                                                             \
    "{\"kty\":\"oct\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"  \
    "AESIzd4iZqiEiIyQlJicoqrvM3e7_paanqKmgsbKztA\"}"

#define KEY_S_CWT                                                           \
    "{\"kty\":\"oct\",\"k\":\"QDaX3oevZGEcHTKgXasP4fy3FahqtDXx7JkZLXlWk4g"  \
    "\"}"


typedef struct {
    const char              *name;
    const char              *jwk;
    ngx_household_reason_e   reason;
    const char              *hex;
} cose_vector_t;


static const cose_vector_t  cose_vectors[] = {

    { "CWT/A_3", KEY_A3, NONE,
      "d28443a10126a05850a70175636f61703a2f2f61732e6578616d706c652e636f6d"
      "02656572696b77037818636f61703a2f2f6c696768742e6578616d706c652e636f"
      "6d041a5612aeb0051a5610d9f0061a5610d9f007420b7158405427c1ff28d23fba"
      "d1f29c4c7c6a555e601d6fa29f9179bc3d7438bacaca5acd08c8d4d4f96131680c"
      "429a01f85951ecee743a52b9b63632c57209120e1c9e30" },
    { "ecdsa-examples/ecdsa-sig-01", KEY_P256, NONE,
      "d28445a201260300a10442313154546869732069732074686520636f6e74656e74"
      "2e58406520bbaf2081d7e0ed0f95f76eb0733d667005f7467cec4b87b9381a6ba1"
      "ede8e00df29f32a37230f39a842a54821fdd223092819d7728efb9d3a0080b7538"
      "0b" },
    { "ecdsa-examples/ecdsa-sig-02", KEY_P384, NONE,
      "d28444a1013822a104445033383454546869732069732074686520636f6e74656e"
      "742e58605f150abd1c7d25b32065a14e05d6cb1f665d10769ff455ea9a2e0adab5"
      "de63838db257f0949c41e13330e110eba7b912f34e1546fb1366a2568faa91ec3e"
      "6c8d42f4a67a0edf731d88c9aead52258b2e2c4740ef614f02e9d91e9b7b59622a"
      "3c" },
    { "ecdsa-examples/ecdsa-sig-03", KEY_P521, NONE,
      "d28444a1013823a104581e62696c626f2e62616767696e7340686f626269746f6e"
      "2e6578616d706c6554546869732069732074686520636f6e74656e742e58840166"
      "4dd6962091b5100d6e1833d503539330ec2bc8fd3e8996950ce9f70259d9a30f73"
      "794f603b0d3e7c5e9c4c2a57e10211f76e79df8ffd1b79d7ef5b9fa7da10900196"
      "5fa2d37e093bb13c040399c467b3b9908c09db2b0f1f4996fe07bb02aaa121a8e1"
      "c671f3f997ade7d651081017057bd3a8a5fbf394972ea71cfdc15e6f8fe2e1" },
    { "eddsa-examples/eddsa-sig-01", KEY_ED25519, NONE,
      "d28445a201270300a10442313154546869732069732074686520636f6e74656e74"
      "2e58407142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7a"
      "fb8711497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef"
      "0d" },
    { "eddsa-examples/eddsa-sig-02", KEY_ED448, NONE,
      "d28443a10127a10445656434343854546869732069732074686520636f6e74656e"
      "742e5872988240a3a2f189bd486de14aa77f54686c576a09f2e7ed9bae910df913"
      "9c2ac3be7c27b7e10a20fa17c9d57d3510a2cf1f634bc0345ab9be00849842171d"
      "1e9e98b2674c0e38bfcf6c557a1692b01b71015a47ac9f7748840cad1da80cbb5b"
      "349309febb912672b377c8b2072af1598b3700" },
    { "hmac-examples/HMac-enc-01", KEY_S32, NONE,
      "d18443a10105a054546869732069732074686520636f6e74656e742e5820a1a848"
      "d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a08d8c58" },
    { "hmac-examples/HMac-enc-02", KEY_S48, NONE,
      "d18443a10106a054546869732069732074686520636f6e74656e742e5830998d26"
      "c6459aaeecf44ed20ce00c8ccedf0a1f3d22a92fc05db08c5aeb1cb594caaf5a5c"
      "5e2e9d01cce7e77a93aa8c62" },
    { "hmac-examples/HMac-enc-03", KEY_S64, NONE,
      "d18443a10107a054546869732069732074686520636f6e74656e742e58404a555b"
      "f971f7c1891d9ddf304a1a132e2d6f817449474d813e6d04d65962bed8bba70c17"
      "e1f5308fa39962959a4b9b8d7da8e6d849b209dcd3e98cc0f11eddf2" },
    { "sign1-tests/sign-pass-03", KEY_P256, NONE,
      "8443a10126a10442313154546869732069732074686520636f6e74656e742e5840"
      "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2a"
      "f9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36" },
    { "CWT/A_4", KEY_S_CWT, ALGORITHM,
      "d18443a10104a05850a70175636f61703a2f2f61732e6578616d706c652e636f6d"
      "02656572696b77037818636f61703a2f2f6c696768742e6578616d706c652e636f"
      "6d041a5612aeb0051a5610d9f0061a5610d9f007420b7148093101ef6d789200" },
    { "CWT/A_6", KEY_S_CWT, MALFORMED,
      "d08343a1010aa1054d86bbd41cc32604396324b7f38058a372439fbff538aa7b60"
      "1ebfb29454050a3c99fd13b27216d084556496c7355c4bb462510f8e0e8479dbe0"
      "8722d620e96bcb7764d75140d96220f062679b46b897e7abe0c325dc2c96d8bb2c"
      "8334e3b92a42c0078983e753c054e647ad5387ed149f802f52b5a95ebf5f153c4f"
      "d64854ab7531e082b7f22721f939d257c94f8bc248e1d9cf04f9dd4e5de7ab62df"
      "37842fabec230a657d4abf7162bc786345ebb8eb3af0" },
    { "ecdsa-examples/ecdsa-sig-04", KEY_P256, SIGNATURE,
      "d28444a1013823a10442313154546869732069732074686520636f6e74656e742e"
      "5840eb18b84ed674284e5ed861c3943e101bed5db9f560c0f0292b34362990d1c5"
      "9b10df7946cbc6ca3dcbd6c17a6dd1d711f50337baa6b4fcfae0efc70e52c1de0f" },
    { "sign1-tests/sign-pass-01", KEY_P256, ALGORITHM,
      "d28441a0a201260442313154546869732069732074686520636f6e74656e742e58"
      "4087db0d2e5571843b78ac33ecb2830df7b6e0a4d5b7376de336b23c591c90c425"
      "317e56127fbe04370097ce347087b233bf722b64072beb4486bda4031d27244f" },
    { "sign1-tests/sign-pass-02", KEY_P256, SIGNATURE,
      "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58"
      "4010729cd711cb3813d8d8e944a8da7111e7b258c9bdca6135f7ae1adbee950989"
      "1267837e1e33bd36c150326ae62755c6bd8e540c3e8f92d7d225e8db72b8820b" },
    { "sign1-tests/sign-fail-01", KEY_P256, MALFORMED,
      "d903e68443a10126a10442313154546869732069732074686520636f6e74656e74"
      "2e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0"
      "117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb"
      "36" },
    { "sign1-tests/sign-fail-02", KEY_P256, SIGNATURE,
      "d28443a10126a10442313154546869732069732074686520636f6e74656e742f58"
      "408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e"
      "2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36" },
    { "sign1-tests/sign-fail-03", KEY_P256, ALGORITHM,
      "d28445a1013903e6a10442313154546869732069732074686520636f6e74656e74"
      "2e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0"
      "117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb"
      "36" },
    { "sign1-tests/sign-fail-04", KEY_P256, ALGORITHM,
      "d2844aa10167756e6b6e6f776ea10442313154546869732069732074686520636f"
      "6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d2"
      "5a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5"
      "a4c345cacb36" },
    { "sign1-tests/sign-fail-06", KEY_P256, SIGNATURE,
      "d28445a201260300a10442313154546869732069732074686520636f6e74656e74"
      "2e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0"
      "117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb"
      "36" },
    { "sign1-tests/sign-fail-07", KEY_P256, SIGNATURE,
      "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58"
      "406520bbaf2081d7e0ed0f95f76eb0733d667005f7467cec4b87b9381a6ba1ede8"
      "e00df29f32a37230f39a842a54821fdd223092819d7728efb9d3a0080b75380b" },
    { "mac0-tests/mac-pass-01", KEY_S32, ALGORITHM,
      "d18441a0a1010554546869732069732074686520636f6e74656e742e5820176dce"
      "14c1e57430c13658233f41dc89aa4fa0ff9b8783f23b0ef51ca6b026bc" },
    { "mac0-tests/mac-fail-01", KEY_S32, MALFORMED,
      "d903e08443a10105a054546869732069732074686520636f6e74656e742e5820a1"
      "a848d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a08d8c58" },
    { "mac0-tests/mac-fail-02", KEY_S32, SIGNATURE,
      "d18443a10105a054546869732069732074686520636f6e74656e742e5820a1a848"
      "d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a08d8c59" },
    { "mac0-tests/mac-fail-03", KEY_S32, ALGORITHM,
      "d18445a1013903e6a054546869732069732074686520636f6e74656e742e5820a1"
      "a848d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a08d8c58" },
    { "mac0-tests/mac-fail-04", KEY_S32, ALGORITHM,
      "d1844aa10167556e6b6e6f776ea054546869732069732074686520636f6e74656e"
      "742e5820a1a848d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a0"
      "8d8c58" },
    { "mac0-tests/mac-fail-06", KEY_S32, SIGNATURE,
      "d18445a201050300a054546869732069732074686520636f6e74656e742e5820a1"
      "a848d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a08d8c58" },
    { "mac0-tests/mac-fail-07", KEY_S32, SIGNATURE,
      "d18443a10105a054546869732069732074686520636f6e74656e742e5820bb9e11"
      "ef2bd673f766a398d4e3fad78e0f0be2806bf73fb647471e40b3d98734" }
};


#endif /* _NGX_HOUSEHOLD_COSE_VECTORS_H_INCLUDED_ */
