#!/usr/bin/python3

"""Tokens, most of them not valid, and what a strict verifier says of them.

    token-model.py FOLDER jwt|cat COUNT [SEED]

writes the key set to FOLDER/keys and prints lines of "1" or "0", the account
in hex digits, and the token.  The rules are those of docs/tokens.md and
docs/cat.md, written down once more: signatures by python3-cryptography, JSON
by Python, CBOR by the parser below.
"""

import base64
import hashlib
import hmac
import json
import math
import os
import random
import re
import struct
import sys
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import (
    ec, ed25519, padding, rsa, utils)

FOLDER, FORMAT, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
R = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
NOW = int(time.time())
FAR = 50000                             # seconds that no test takes

P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
ED_L = 2 ** 252 + 27742317777372353535851937790883648493
DIGITS = ('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
          '0123456789-_')


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64(text):
    if not re.fullmatch('[A-Za-z0-9_-]*', text) or len(text) % 4 == 1:
        raise ValueError
    data = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    if b64(data) != text:
        raise ValueError
    return data


# --- keys and signatures ----------------------------------------------------

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
SECRET = {'h': os.urandom(64), 'i': os.urandom(32)}
SHA = {'256': hashes.SHA256(), '384': hashes.SHA384(), '512': hashes.SHA512()}

ALLOWS = {'h': ['HS256', 'HS384', 'HS512'], 'i': ['HS256'], 'e': ['ES256'],
          'r': ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
          'd': ['EdDSA', 'Ed25519']}


def number(n, size=None):
    return n.to_bytes(size or (n.bit_length() + 7) // 8, 'big')


def key_set():
    point = EC.public_key().public_numbers()
    public = RSA.public_key().public_numbers()
    raw = ED.public_key().public_bytes(serialization.Encoding.Raw,
                                       serialization.PublicFormat.Raw)
    return {'keys': [
        {'kty': 'oct', 'kid': 'h', 'k': b64(SECRET['h'])},
        {'kty': 'EC', 'crv': 'P-256', 'kid': 'e', 'x': b64(number(point.x, 32)),
         'y': b64(number(point.y, 32))},
        {'kty': 'RSA', 'kid': 'r', 'n': b64(number(public.n)),
         'e': b64(number(public.e))},
        {'kty': 'OKP', 'crv': 'Ed25519', 'kid': 'd', 'x': b64(raw)},
        {'kty': 'oct', 'kid': 'i', 'k': b64(SECRET['i']), 'alg': 'HS256'}]}


def sign(alg, kid, data):
    if alg.startswith('HS'):
        return hmac.new(SECRET[kid], data, 'sha' + alg[2:]).digest()
    if alg == 'ES256':
        r, s = utils.decode_dss_signature(
            EC.sign(data, ec.ECDSA(hashes.SHA256())))
        return number(r, 32) + number(s, 32)
    if alg.startswith('RS'):
        return RSA.sign(data, padding.PKCS1v15(), SHA[alg[2:]])
    if alg.startswith('PS'):
        digest = SHA[alg[2:]]
        return RSA.sign(data, padding.PSS(padding.MGF1(digest),
                                          digest.digest_size), digest)
    return ED.sign(data)


def verifies(alg, kid, data, signature):
    try:
        if alg.startswith('HS'):
            return hmac.compare_digest(sign(alg, kid, data), signature)
        if alg == 'ES256':
            if len(signature) != 64:
                return False
            r, s = (int.from_bytes(half, 'big')
                    for half in (signature[:32], signature[32:]))
            EC.public_key().verify(utils.encode_dss_signature(r, s), data,
                                   ec.ECDSA(hashes.SHA256()))
        elif alg.startswith('RS'):
            RSA.public_key().verify(signature, data, padding.PKCS1v15(),
                                    SHA[alg[2:]])
        elif alg.startswith('PS'):
            digest = SHA[alg[2:]]
            RSA.public_key().verify(
                signature, data, padding.PSS(padding.MGF1(digest),
                                             digest.digest_size), digest)
        else:
            if len(signature) != 64 \
                    or int.from_bytes(signature[32:], 'little') >= ED_L:
                return False
            ED.public_key().verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def spoil(alg, data, signature):
    """Another signature, which may be valid all the same."""
    chance = R.random()
    if chance < .7:
        return signature
    if chance < .8:
        return R.choice([signature[:-1], signature + b'\0', b''])
    if chance < .85:
        spoilt = bytearray(signature)
        spoilt[R.randrange(len(spoilt))] ^= 1 << R.randrange(8)
        return bytes(spoilt)
    if alg == 'ES256':
        r, s = (int.from_bytes(half, 'big')
                for half in (signature[:32], signature[32:]))
        return R.choice([
            signature[:32] + number(P256 - s, 32),      # as valid as before
            utils.encode_dss_signature(r, s), bytes(64),
            bytes(32) + signature[32:], signature[:32] + bytes(32),
            number(P256, 32) + signature[32:],
            signature[:32] + number(P256, 32),
            b'\0' + signature[:32] + b'\0' + signature[32:]])
    if alg in ('EdDSA', 'Ed25519'):
        s = int.from_bytes(signature[32:], 'little')
        return R.choice([signature[:32] + (s + ED_L).to_bytes(32, 'little'),
                         bytes(32) + signature[32:], b'\1' + bytes(63)])
    if alg.startswith('PS'):
        digest = SHA[alg[2:]]
        return RSA.sign(data, padding.PSS(
            padding.MGF1(R.choice([digest, hashes.SHA1()])),
            R.choice([0, 20, digest.digest_size, digest.digest_size + 1,
                      padding.PSS.MAX_LENGTH])), digest)
    return signature


# --- times and ids, of both formats -----------------------------------------

def moment(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) \
            or not 0 <= value <= 2 ** 53:
        raise ValueError
    return value


def account_of(text):
    if not 1 <= len(text) <= 128 or any(c < 32 or c == 127 for c in text):
        raise ValueError
    return text


def in_time(exp, nbf, iat):
    """Rounded so that no token is valid for longer."""
    return math.floor(moment(exp)) > NOW \
        and (nbf is None or math.ceil(moment(nbf)) <= NOW) \
        and (iat is None or math.ceil(moment(iat)) <= NOW)


# --- JWT --------------------------------------------------------------------

def strict_json(data):
    def members(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError
        return dict(pairs)

    def never(text):
        raise ValueError

    def check(value, depth):
        if isinstance(value, str):
            value.encode()
            if '\0' in value:
                raise ValueError
        elif isinstance(value, (dict, list)):
            if depth == 16:
                raise ValueError
            for item in value:
                check(item, depth + 1)
                if isinstance(value, dict):
                    check(value[item], depth + 1)

    # what does not fit is null

    value = json.loads(
        data.decode(), object_pairs_hook=members, parse_constant=never,
        parse_int=lambda t: int(t) if -2**63 <= int(t) < 2**63 else None,
        parse_float=lambda t: float(t) if abs(float(t)) < 2**1024 else None)
    check(value, 0)
    if not isinstance(value, dict):
        raise ValueError
    return value


def jwt_account(token):
    if len(token) > 4096:
        raise ValueError
    first, second, third = token.split('.')
    header, claims = strict_json(unb64(first)), strict_json(unb64(second))

    if 'crit' in header or header.get('b64', True) is not True \
            or 'household_renews' in header:
        raise ValueError
    for name in 'kid', 'typ', 'cty', 'alg':
        if not isinstance(header.get(name, ''), str):
            raise ValueError
    if not isinstance(claims.get('iss', ''), str):
        raise ValueError

    keys = [kid for kid in ALLOWS if header.get('kid', kid) == kid
            and header['alg'] in ALLOWS[kid]]
    data = (first + '.' + second).encode()
    if not any(verifies(header['alg'], kid, data, unb64(third))
               for kid in keys):
        raise ValueError

    for name in 'nbf', 'iat':
        moment(claims.get(name, 0))
    if not in_time(claims['exp'], claims.get('nbf'), claims.get('iat')):
        raise ValueError
    return account_of(claims['sub'].encode())


JSON_VALUES = [
    '0', '-1', '1', '-0', '-0.0', '2147483647', '2147483648', '4294967296',
    '9007199254740992', '9007199254740993', '9223372036854775807',
    '9223372036854775808', '-9223372036854775808', '18446744073709551615',
    '1e300', '1e400', '1e-400', '-1e-400', '1E10', '1e+10', '0.1e11',
    '9007199254740992.0', '9007199254740994.0', '1e1000000000000',
    str(NOW - FAR), str(NOW + FAR), '%d.5' % (NOW - FAR), '%d.5' % (NOW + FAR),
    '%d0e-1' % (NOW + FAR), '01', '1.', '.5', '1e', '+1', '0x10', 'NaN',
    'Infinity', 'true', 'false', 'null', '"%d"' % (NOW + FAR), '""', '[]', '{}',
    '[%d]' % (NOW + FAR), '{"a":1}', '"a\\u0000b"', '"\\ud800"', '"\\uD83D"',
    '"\\ud83d\\ude00"', '"\\u0007"', '"\\u007f"', '"a\x7fb"', '"a\tb"',
    '"\\x"', '"a\\/b"', '"\u00e9"', '"' + 'x' * 128 + '"',
    '"' + 'x' * 129 + '"', '"' + '\u00e9' * 64 + '"',
    '"' + '\u00e9' * 65 + '"', '"none"', '"None"', '"hs256"', '"HS256 "',
    '"JWT"', '["exp"]', '{"kty":"oct","k":"AAAA"}', '[' * 14 + ']' * 14,
    '[' * 15 + ']' * 15, '[' * 16 + ']' * 16, '{"a":' * 15 + '1' + '}' * 15,
    '{"a":' * 16 + '1' + '}' * 16]

JWT_NAMES = [
    ['alg', 'kid', 'typ', 'cty', 'crit', 'b64', 'jwk', 'jku', 'x5c', 'x5u',
     'zip', 'enc', 'household_renews'],
    ['sub', 'exp', 'nbf', 'iat', 'iss', 'aud', 'foo', 'Sub', 'EXP', 'a', '',
     '\\u0000', '\u00e9', '\\"']]


def change(members, names, values):
    """One change of a list of names and values."""
    what = R.randrange(8)
    if what < 5:
        name, value = R.choice(names), values()
        for i, (known, _) in enumerate(members):
            if known == name and R.random() < .9:
                members[i] = (name, value)
                return
        members.append((name, value))
    elif what == 5 and members:
        members.pop(R.randrange(len(members)))
    elif what == 6 and members:
        members.append(R.choice(members))
    else:
        R.shuffle(members)


def json_text(members):
    def space():
        return R.choice(['', '', '', ' ', '\n', '\t', '\r'])

    def name(text):
        return ''.join('\\u%04x' % ord(c) if c.isalnum() and R.random() < .02
                       else c for c in text) if '\\' not in text else text

    data = ('{' + ','.join(space() + '"' + name(n) + '"' + space() + ':'
                           + space() + v for n, v in members) + '}').encode()
    chance = R.random()
    if chance < .02:
        data += R.choice([b' ', b'x', b'{}', b'\0', b'\f', b','])
    elif chance < .03:
        data = R.choice([b' ', b'[', b'\xef\xbb\xbf']) + data
    elif chance < .05:
        spoilt = bytearray(data)
        spoilt[R.randrange(len(spoilt))] = R.randrange(256)
        data = bytes(spoilt)
    elif chance < .07:
        data = data.replace(b'acc', R.choice([
            b'\xc0\x80', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'\xff',
            b'\xe0\x80\xaf']))
    return data


def jwt_token():
    kid = R.choice('hhhhhierd')
    alg = R.choice(ALLOWS[kid])
    parts = [[('alg', '"%s"' % alg), ('kid', '"%s"' % kid)],
             [('sub', '"acc"'), ('exp', str(NOW + FAR)),
              ('iat', str(NOW - FAR))]]

    for _ in range(R.choice([0, 1, 1, 1, 2, 3])):
        i = R.choice([0, 1, 1])
        change(parts[i], JWT_NAMES[i], lambda: R.choice(JSON_VALUES))

    text = '.'.join(b64(json_text(part)) for part in parts)
    data = text.encode()
    return text + '.' + b64(spoil(alg, data, sign(alg, kid, data)))


# --- CAT --------------------------------------------------------------------

class Text(bytes):
    pass


class Pairs(list):
    pass


class Tag:
    def __init__(self, n, value):
        self.n, self.value = n, value


class Raw(bytes):
    pass


NONE = object()


class Parser:
    def __init__(self, data, items):
        self.data, self.left, self.at = data, items, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise ValueError
        self.at += n
        return self.data[self.at - n:self.at]

    def head(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info < 28:
            return major, info, int.from_bytes(self.take(1 << (info - 24)),
                                               'big')
        if info < 31 or major in (0, 1, 6):
            raise ValueError
        return major, info, None

    def chunks(self, major):
        joined = b''
        while True:
            kind, _, n = self.head()
            if (kind, n) == (7, None):
                return joined
            if kind != major or n is None:
                raise ValueError
            joined += self.take(n)

    def items(self, n, depth):
        if n is not None:
            if n > 512:
                raise ValueError
            return [self.item(depth) for _ in range(n)]
        found = []
        while True:
            found.append(self.item(depth, True))
            if found[-1] is NONE:
                return found[:-1]

    def item(self, depth, ends=False):
        major, info, n = self.head()
        if (major, n) == (7, None):
            if not ends:
                raise ValueError
            return NONE
        self.left -= 1
        if self.left < 0 or depth == 16 \
                and (major in (4, 5, 6) or major in (2, 3) and n is None):
            raise ValueError
        if major < 2:
            return n if major == 0 else -1 - n
        if major in (2, 3):
            data = self.chunks(major) if n is None else self.take(n)
            if major == 3 and b'\0' in data:
                raise ValueError
            return Text(data) if major == 3 else data
        if major == 4:
            return self.items(n, depth + 1)
        if major == 5:
            return pairs_of(self.items(n if n is None else 2 * n, depth + 1))
        if major == 6:
            return Tag(n, self.item(depth + 1))
        if info in (25, 26, 27):
            return struct.unpack({25: '>e', 26: '>f', 27: '>d'}[info],
                                 number(n, 1 << (info - 24)))[0]
        if info not in (20, 21, 22, 23):
            raise ValueError
        return {20: False, 21: True}.get(info)


def pairs_of(items):
    if len(items) % 2:
        raise ValueError
    names = [(type(name), name) for name in items[::2]]
    if any(kind not in (int, bytes, Text) for kind, _ in names) \
            or len(set(names)) != len(names):
        raise ValueError
    return Pairs(zip(items[::2], items[1::2]))


def parse(data, items):
    parser = Parser(data, items)
    value = parser.item(0)
    if parser.at != len(data):
        raise ValueError
    return value


def find(pairs, name):
    for known, value in pairs:
        if type(known) is type(name) and known == name:
            return value
    return NONE


def is_text(value):
    if isinstance(value, Text):
        value.decode()
    elif isinstance(value, Tag):
        is_text(value.value)
    elif isinstance(value, list):
        for item in value:
            for part in item if isinstance(value, Pairs) else [item]:
                is_text(part)


CAT_ALGS = {5: 'HS256', 6: 'HS384', 7: 'HS512', -7: 'ES256', -9: 'ES256',
            -37: 'PS256', -38: 'PS384', -39: 'PS512', -8: 'EdDSA',
            -19: 'Ed25519'}
CAT_RENEWS = Text(b'household_renews')


def write_head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    size = next(size for size in (1, 2, 4, 8) if n < 1 << 8 * size)
    return bytes([major << 5 | 23 + size.bit_length()]) + number(n, size)


def signed(mac, protected, payload):
    def string(data):
        return write_head(2, len(data)) + data

    context = b'MAC0' if mac else b'Signature1'
    return b'\x84' + write_head(3, len(context)) + context \
        + string(protected) + b'\x40' + string(payload)


def cose_open(token):
    value, tag = parse(unb64(token), 64), None
    if isinstance(value, Tag):
        if value.n == 61:
            value = value.value
        if not isinstance(value, Tag) or value.n not in (17, 18):
            raise ValueError
        tag, value = value.n, value.value
    if type(value) is not list or [type(part) for part in value] \
            != [bytes, Pairs, bytes, bytes]:
        raise ValueError
    return tag, value


def cose_header(protected, unprotected):
    header = parse(protected, 64) if protected else Pairs()
    if not isinstance(header, Pairs):
        raise ValueError
    for name, _ in header:
        if type(name) is bytes or find(unprotected, name) is not NONE \
                or type(name) is int and not -2**63 <= name < 2**63:
            raise ValueError
    both = header + unprotected
    kid, typ = find(both, 4), find(both, 16)
    if find(both, 2) is not NONE or find(both, CAT_RENEWS) is not NONE \
            or kid is not NONE and type(kid) is not bytes \
            or typ is not NONE and type(typ) is not Text \
            and not (type(typ) is int and typ >= 0):
        raise ValueError
    alg = find(header, 1)
    return kid, CAT_ALGS[alg] if type(alg) is int else None


def cat_account(token):
    if len(token) > 4096:
        raise ValueError
    tag, (protected, unprotected, payload, signature) = cose_open(token)
    kid, alg = cose_header(protected, unprotected)
    mac = alg.startswith('HS')
    if tag is not None and mac != (tag == 17):
        raise ValueError

    data = signed(mac, protected, payload)
    if not any(verifies(alg, key, data, signature) for key in ALLOWS
               if alg in ALLOWS[key] and kid in (NONE, key.encode())):
        raise ValueError

    claims = parse(payload, 512)
    if not isinstance(claims, Pairs):
        raise ValueError
    is_text(claims)
    types = {1: Text, 2: Text, 3: object, 4: object, 5: object, 6: object,
             7: bytes, 308: int, 310: int, 313: list}
    for name, value in claims:
        if type(name) is not int or name not in types \
                or types[name] is not object and type(value) is not types[name]:
            raise ValueError

    exp, nbf, iat, methods = (find(claims, name) for name in (4, 5, 6, 313))
    if find(claims, 308) not in (NONE, 0) or find(claims, 310) not in (NONE, 1):
        raise ValueError
    if methods is not NONE and (any(type(m) is not Text for m in methods)
                                or Text(b'GET') not in methods):
        raise ValueError
    if not in_time(exp, *(None if t is NONE else moment(t)
                          for t in (nbf, iat))):
        raise ValueError
    return account_of(bytes(find(claims, 2)))


def write(value):
    """CBOR in one of its forms."""
    def head(major, n):
        if R.random() < .06:
            size = R.choice([size for size in (1, 2, 4, 8)
                             if n < 1 << 8 * size])
            return bytes([major << 5 | 23 + size.bit_length()]) \
                + number(n, size)
        return write_head(major, n)

    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        for form in R.sample(['\xf9>e', '\xfa>f'], R.randrange(3)):
            try:
                return form[0].encode('latin-1') + struct.pack(form[1:], value)
            except OverflowError:
                pass
        return b'\xfb' + struct.pack('>d', value)
    if isinstance(value, (bytes, str)):
        major = 3 if isinstance(value, str) else 2
        data = value.encode() if major == 3 else value
        if R.random() < .06:
            cut = R.randrange(len(data) + 1)
            return bytes([major << 5 | 31]) + head(major, cut) + data[:cut] \
                + head(major, len(data) - cut) + data[cut:] + b'\xff'
        return head(major, len(data)) + data
    if isinstance(value, Tag):
        return head(6, value.n) + write(value.value)
    major = 5 if isinstance(value, Pairs) else 4
    data = b''.join(write(part) for item in value
                    for part in (item if major == 5 else [item]))
    if R.random() < .1:
        return bytes([major << 5 | 31]) + data + b'\xff'
    return head(major, len(value)) + data


def nested(depth):
    value = 1
    for _ in range(depth):
        value = R.choice([lambda v: [v], lambda v: Pairs([(1, v)]),
                          lambda v: Tag(5, v)])(value)
    return value


CAT_VALUES = [
    0, 1, -1, 23, 24, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1,
    2**63, 2**64 - 1, -2**63, -2**63 - 1, -2**64, NOW - FAR, NOW + FAR,
    0.0, -0.0, -1.0, 1e300, float('inf'), float('nan'), NOW + FAR + .5,
    NOW - FAR - .5, 2.0**53, 2.0**53 + 2, '', 'acc', 'x' * 128, 'x' * 129,
    '\u00e9' * 64, '\u00e9' * 65, 'a\0b', 'a\x07b', 'a\x7f', str(NOW + FAR),
    b'', b'acc', b'\xff', Tag(1, NOW + FAR), Tag(61, 'acc'), Tag(2, b'\1'),
    Raw(b'\xf4'), Raw(b'\xf5'), Raw(b'\xf6'), Raw(b'\xf7'), Raw(b'\xe0'),
    Raw(b'\xf8\x20'), Raw(b'\xff'), Raw(b'\x1c'), Raw(b'\x1f'), Raw(b'\xdf'),
    Raw(b'\x5f\xff'), Raw(b'\x7f\xff'), Raw(b'\x7f\x41a\xff'),
    Raw(b'\x62\xc3\x28'), Raw(b'\x63\xed\xa0\x80'), Raw(b'\x62\xc0\x80'),
    Raw(b'\x5f\x5f\x41a\xff\xff'), Raw(b'\x9b' + b'\xff' * 8),
    Raw(b'\xbb' + b'\xff' * 8), Raw(b'\xbb\x80' + bytes(7)),
    Raw(b'\x5b' + b'\xff' * 8), Raw(b'\xf9\x7e\0'), [], ['GET'], ['POST'],
    ['POST', 'GET'], [b'GET'], ['get'], Pairs(), Pairs([('a', 1), ('a', 1)]),
    Pairs([(1.5, 1)]), Pairs([(b'k', 1)]), [Pairs([(1, 'x'), (-1, 'y')])]]

CAT_NAMES = [
    [1, 2, 3, 4, 5, 6, 16, 33, -1, 'household_renews', 'x', b'x', 2**63, -2**64,
     'alg'],
    [1, 2, 4, 5, 6, 7, 308, 310, 313, 999, 'q', 'sub', '2', -1, b'']]


def cat_value():
    return nested(R.choice([5, 13, 14, 15, 16, 17])) if R.random() < .06 \
        else R.choice(CAT_VALUES)


def cat_token():
    kid = R.choice('hhhhhierd')
    number_of = R.choice([n for n in CAT_ALGS if CAT_ALGS[n] in ALLOWS[kid]])
    alg = CAT_ALGS[number_of]
    mac = alg.startswith('HS')
    headers = [Pairs([(1, number_of)]), Pairs([(4, kid.encode())])]
    if R.random() < .4:
        headers[0].append(headers[1].pop())
    claims = Pairs([(2, 'acc'), (4, NOW + FAR), (6, NOW - FAR)])

    for _ in range(R.choice([0, 1, 1, 1, 2, 3])):
        i = R.randrange(5)
        change(headers[i] if i < 2 else claims, CAT_NAMES[i > 1], cat_value)

    protected, payload = write(headers[0]), write(claims)
    chance = R.random()
    if chance < .03:
        protected = R.choice([b'', b'\xa0', protected + b'\0'])
    elif chance < .06:
        payload = R.choice([payload + b'\0', payload[:-1],
                            write(Tag(61, Raw(payload)))])
    elif chance < .08:
        payload = write(Pairs(claims + [(1000 + i, i) for i in range(300)]))

    data = signed(mac != (R.random() < .03), protected, payload)
    message = [protected, headers[1], payload,
               spoil(alg, data, sign(alg, kid, data))]
    if R.random() < .05:
        message[R.randrange(4)] = cat_value()
    elif R.random() < .02:
        message.append(b'')

    tag = 17 if mac else 18
    chance = R.random()
    if chance < .4:
        message = Tag(61, Tag(tag, message))
    elif chance < .7:
        message = Tag(tag, message)
    elif chance < .8:
        message = R.choice([Tag(61, message), Tag(35 - tag, message),
                            Tag(61, Tag(61, Tag(tag, message))),
                            Tag(tag, Tag(61, message)), Tag(16, message),
                            Tag(98, message), Tag(55799, message)])
    return b64(write(message))


# --- all of them ------------------------------------------------------------

def retype(token):
    """The text is changed."""
    at = R.randrange(len(token))
    return R.choice([
        token + '=', token + '.', token + '.x', token[:-1],
        token[:at] + R.choice('=+/%.~') + token[at:],
        token[:at] + R.choice(DIGITS) + token[at + 1:],
        token[:at] + token[at + 1:],
        token[:-1] + DIGITS[(DIGITS.find(token[-1]) + 1) % 64]])


def main():
    with open(os.path.join(FOLDER, 'keys'), 'w', encoding='ascii') as out:
        json.dump(key_set(), out)

    make, account = {'jwt': (jwt_token, jwt_account),
                     'cat': (cat_token, cat_account)}[FORMAT]

    for _ in range(COUNT):
        token = make()
        if R.random() < .1:
            token = retype(token)
        if FORMAT == 'cat':
            token = token.replace('.', '')
        try:
            print(1, account(token).hex(), token)
        except (ValueError, KeyError, AttributeError, TypeError,
                OverflowError, RecursionError):
            print(0, '-', token)


main()
