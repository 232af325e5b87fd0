// Tokens by other implementations of COSE and of Common Access Tokens, for
// t/cat-peers.t:
//
//   node peers.js FOLDER < COMMANDS > ANSWERS
//
// FOLDER has the packages of package.json.  COMMANDS is a JSON array of
// [NAME, {...}], and ANSWERS one with a string for each: a token, a verdict,
// or "error: ...".

'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const load = createRequire(path.join(process.argv[2], 'package.json'));
const cat = load('@eyevinn/cat');
const cose = load('cose-js');

// it changes what cbor-x, which @eyevinn/cat uses too, makes of the tag 17: the
// commands of the two are not mixed in one run
const kit = () => load('cose-kit');

// what the libraries say is no answer
console.log = () => {};

const bytes = (text) => Buffer.from(text, 'base64url');
const text = (data) => Buffer.from(data).toString('base64url');


// of cose-js: numbers as bytes

function numbers(jwk) {
    const names = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y'];

    return Object.fromEntries(names.filter((name) => name in jwk)
        .map((name) => [name, bytes(jwk[name])]));
}


// of cose-kit: a key of Node.js, or a secret

function key(jwk, side) {
    if (jwk.kty === 'oct') {
        return new Uint8Array(bytes(jwk.k));
    }

    const make = side === 'private' ? crypto.createPrivateKey
                                    : crypto.createPublicKey;

    return make({ key: jwk, format: 'jwk' });
}


// the tags before a message, which cose-kit takes only by itself

function untagged(data) {
    let n = 0;

    while (data[n] >> 5 === 6) {
        n += data[n] === 0xd8 ? 2 : 1;
    }

    return data.subarray(n);
}


function library(options) {
    return new cat.CAT({
        keys: { [options.jwk.kid]: bytes(options.jwk.k) },
        expectCwtTag: !options.untagged,
    });
}


const commands = {

    'eyevinn mint': (o) => library(o).generateFromJson(o.claims,
        { type: 'mac', alg: o.jwk.alg, kid: o.jwk.kid }),

    // the verdict on a request, and the headers of the response

    'eyevinn request': async (o) => {
        const headers = {};
        const response = {
            setHeader: (name, value) => {
                headers[name.toLowerCase()] = value;
            },
        };
        const validator = new cat.HttpValidator({
            keys: [{ kid: o.jwk.kid, key: bytes(o.jwk.k) }],
            issuer: o.issuer,
            audience: o.audience,
        });
        const result = await validator.validateHttpRequest({
            method: o.method || 'GET',
            url: o.uri,
            headers: {
                host: o.host,
                'cta-common-access-token': o.token,
            },
        }, response);

        return [result.status, ...Object.keys(headers).sort()
            .map((name) => `${name}: ${headers[name]}`)].join('\n');
    },

    // the verdict on a client address

    'eyevinn address': async (o) => {
        const result = await library(o).validate(o.token, 'mac',
            { issuer: o.issuer, ip: o.address });

        return result.error ? 'rejected' : 'accepted';
    },

    'eyevinn claims': async (o) => {
        const result = await library(o).validate(o.token, 'mac',
            { issuer: o.issuer, ip: o.address, url: new URL(o.url) });

        return JSON.stringify(result.cat.claims);
    },

    'cose-js mint': async (o) => {
        const headers = {
            p: { alg: o.jwk.alg },
            u: { kid: o.jwk.kid },
        };
        const payload = Buffer.from(o.payload, 'hex');

        return text(o.jwk.kty === 'oct'
            ? await cose.mac.create(headers, payload, { key: bytes(o.jwk.k) })
            : await cose.sign.create(headers, payload,
                                     { key: numbers(o.jwk) }));
    },

    'cose-js verify': async (o) => {
        const data = untagged(bytes(o.token));

        const payload = o.jwk.kty === 'oct'
            ? await cose.mac.read(data, bytes(o.jwk.k))
            : await cose.sign.verify(data, { key: numbers(o.jwk) },
                                     { defaultType: cose.sign.Sign1Tag });

        return payload.toString('hex');
    },

    'cose-kit mint': async (o) => {
        const make = o.jwk.kty === 'oct' ? kit().Mac0.create : kit().Sign1.sign;

        const message = await make({ alg: o.jwk.alg }, { kid: o.jwk.kid },
            Buffer.from(o.payload, 'hex'), key(o.jwk, 'private'));

        return text(message.encode());
    },

    'cose-kit verify': async (o) => {
        const verify = o.jwk.kty === 'oct' ? kit().coseVerifyMAC0
                                           : kit().coseVerify;

        const { isValid, decoded } = await verify(untagged(bytes(o.token)),
                                                  key(o.jwk, 'public'));

        return isValid ? Buffer.from(decoded.payload).toString('hex')
                       : 'error: another signature';
    },
};


async function main() {
    const answers = [];

    for (const [name, options] of JSON.parse(fs.readFileSync(0))) {
        try {
            answers.push(await commands[name](options));
        } catch (error) {
            answers.push(`error: ${error.message}`);
        }
    }

    process.stdout.write(JSON.stringify(answers));
}


main();
