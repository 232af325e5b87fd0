// The decision in njs: records are kept in a shared dictionary for an hour, as
// text, which a dictionary holds.  IPv4 only, as verdict.lua, whose text of a
// record this reads: networks as numbers and masks, "|", devices.

const month = 31 * 86400;
const problem = JSON.stringify({
    type: 'about:blank', title: 'Outside of the household', status: 403,
    reason: 'outside'
});

// 192.0.2.7 as a number, -1 if it is none
function number(text) {
    const part = text.split('.');
    if (part.length !== 4) {
        return -1;
    }
    return part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3];
}

function allowed(record, viewer, device) {
    const parts = record.split('|');
    const networks = parts[0].split(' ');
    const address = number(viewer);

    for (let i = 0; i + 1 < networks.length; i += 2) {
        if ((address & networks[i + 1]) === +networks[i]) {
            return true;
        }
    }

    if (!device) {
        return false;
    }

    const seen = parts[1].split(';').find((d) => d.startsWith(device + '='));
    return !!seen && +seen.slice(device.length + 1) + month
                     > Date.now() / 1000;
}

async function decide(r) {
    const account = r.args.account;
    const dict = ngx.shared.households;
    let record = dict.get(account);

    if (record === undefined) {
        const reply = await r.subrequest('/record', `account=${account}`);

        if (reply.status !== 200) {
            return r.internalRedirect('/allowed');
        }

        record = reply.responseText;
        dict.set(account, record);
    }

    if (allowed(record, r.remoteAddress)) {
        return r.internalRedirect('/allowed');
    }

    r.headersOut['Content-Type'] = 'application/problem+json';
    r.headersOut['Cache-Control'] = 'no-store';
    r.return(403, problem);
}

export default { decide };
