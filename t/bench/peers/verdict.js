'use strict';

// What auth_request asks, as a service in Node.js with one connection to
// Redis, as node-redis advises: the commands of one turn of the loop go out
// together, so both keys are one round trip, and so are those of requests that
// came at the same time.  One process: a second one answered fewer requests
// on two cores, as it has less to send together.  No framework: one would only
// cost.  IPv4 only, as verdict.lua.
//
//   node verdict.js SOCKET REDIS-SOCKET

const http = require('http');
const { createClient } = require('redis');

const [socket, path] = process.argv.slice(2);
const month = 31 * 86400;

// 192.0.2.7 as a number, -1 if it is none
function number(text) {
    const part = text.split('.');
    if (part.length !== 4) {
        return -1;
    }
    return (part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3]) >>> 0;
}

function contains(network, address) {
    const [base, length] = network.split('/');
    const n = number(base);

    if (n === -1) {
        return false;
    }

    const bits = length === undefined ? 32 : +length;
    const mask = bits === 0 ? 0 : -1 << (32 - bits);
    return (n & mask) === (address & mask);
}

function allowed(networks, account, viewer, device) {
    const address = number(viewer);

    if (address !== -1 && networks.some((n) => contains(n, address))) {
        return true;
    }

    const seen = device && account['device:' + device];
    return !!seen && +seen + month > Date.now() / 1000;
}

async function serve() {
    const redis = createClient({ socket: { path } });

    redis.on('error', (e) => console.error(e.message));
    await redis.connect();

    const server = http.createServer(async (request, response) => {
        const url = request.url;
        const id = url.slice(url.indexOf('=') + 1);

        try {
            const [networks, account] = await Promise.all([
                redis.sMembers(`household:{${id}}`),
                redis.hGetAll(`household:{${id}}:account`),
            ]);
            const headers = request.headers;

            response.statusCode = allowed(networks, account,
                headers['x-viewer'], headers['x-device']) ? 204 : 403;

        } catch (e) {
            response.statusCode = 500;
        }
        response.end();
    });

    server.keepAliveTimeout = 0;    // nginx says how long
    server.listen(socket);
}

serve();
