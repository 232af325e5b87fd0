/*
 * The page of household_dashboard.  The numbers are those of metrics.json; the
 * answers to "why?" are those of household_api.  Without a framework, and under
 * a Content-Security-Policy of "default-src 'self'".
 */

'use strict';

const INTERVAL = 2000;      // ms between two reads
const HISTORY = 150;        // reads that the chart shows
const WINDOW = 5;           // reads that a rate is the mean of
const PATIENCE = 10000;     // ms until an edge does not answer
const LOOKUP = 30000;       // the same of the API, which waits for Redis

const STATUSES = ['ALLOWED', 'BYPASSED', 'MONITORED', 'UNAUTHORIZED',
                  'OFFERED', 'DENIED', 'UNAVAILABLE'];

const MODES = ['off: nobody is evaluated', 'monitor: nobody is denied'];

const SVG = 'http://www.w3.org/2000/svg';

const past = [];            // rates by status, for the chart
const reads = [];           // the last ones
let settings = null;        // a promise, once they are asked for
let questions = 0;
let paused = false;
let timer = null;


/* --- elements ------------------------------------------------------------ */

const find = id => document.getElementById(id);

/* element('td', { class: 'number' }, 'text', child, ...) */
function element(name, attributes, ...children) {
    const svg = ['svg', 'rect', 'path', 'line', 'text'].includes(name);
    const e = svg ? document.createElementNS(SVG, name)
                  : document.createElement(name);

    for (const [key, value] of Object.entries(attributes || {})) {
        e.setAttribute(key, value);
    }

    e.append(...children);
    return e;
}

/* only if it is new: a screen reader reads a status that changes */
function fill(id, ...children) {
    const e = find(id);
    const draft = element('div', null, ...children);

    if (e.innerHTML !== draft.innerHTML) {
        e.replaceChildren(...draft.childNodes);
    }
}

const number = (n, digits) => n.toLocaleString('en', {
    minimumFractionDigits: digits, maximumFractionDigits: digits });

const rate = n => number(n, n < 10 && n > 0 ? 2 : 0);
const percent = n => isFinite(n) ? `${number(100 * n, 1)} %` : '-';

const seconds = n => n === null ? '-'
    : n === Infinity ? 'over 1 s'
    : n >= 1 ? `${n} s` : `${number(1000 * n, n < 0.001 ? 1 : 0)} ms`;

const bytes = n => n >= 1048576 ? `${number(n / 1048576, 1)} MB`
                                : `${number(n / 1024, 0)} kB`;

const cell = (text, kind) => element('td', kind ? { class: kind } : null,
                                     text);


/* --- metrics ------------------------------------------------------------- */

class Metrics {
    constructor(page, time) {
        this.time = time;
        this.families = new Map();

        for (const family of page.metrics) {
            this.families.set(family.name.replace('nginx_household_', ''),
                              family.samples);
        }
    }

    samples(name, labels) {
        return (this.families.get(name) || []).filter(sample =>
            Object.entries(labels || {}).every(([key, value]) =>
                sample.labels[key] === value));
    }

    sum(name, labels) {
        return this.samples(name, labels).reduce((n, s) => n + s.value, 0);
    }
}

/* a counter begins anew when nginx does */
function increase(now, before, name, labels) {
    const n = now.sum(name, labels);
    const was = before ? before.sum(name, labels) : n;

    return n >= was ? n - was : n;
}

function perSecond(now, before, name, labels) {
    return before && now.time > before.time
        ? increase(now, before, name, labels) / (now.time - before.time) : 0;
}

/* the bound that a share of the lookups took at most, since "before" */
function quantile(now, before, labels, share) {
    const buckets = new Map();

    for (const [metrics, sign] of [[now, 1], [before, -1]]) {
        if (!metrics) {
            continue;
        }

        for (const s of metrics.samples('lookup_duration_seconds', labels)) {
            for (const [le, n] of Object.entries(s.buckets)) {
                const bound = le === '+Inf' ? Infinity : Number(le);
                buckets.set(bound, (buckets.get(bound) || 0) + sign * n);
            }
        }
    }

    const total = buckets.get(Infinity) || 0;

    if (total <= 0) {
        return null;
    }

    return [...buckets.keys()].sort((a, b) => a - b)
        .find(bound => buckets.get(bound) >= share * total);
}

function lookups(metrics, labels, failed) {
    return metrics.samples('lookup_duration_seconds', labels)
        .filter(s => !failed
                || !['ok', 'negative'].includes(s.labels.result))
        .reduce((n, s) => n + s.count, 0);
}

const server = s => `${s.redis} ${s.server}`;
const zoneName = s => s.zone || 'no zone';

/* what household:control loosens, of a sample of its mode; or '' */
function loosened(now, { value, labels: { redis, zone } }) {
    const rollout = now.samples('override_rollout_ratio', { redis, zone })[0];
    const parts = value < 2 ? [MODES[value]] : [];

    if (rollout && rollout.value < 1) {
        parts.push(`${number(100 * rollout.value, 2)} % of the accounts`
            + ' at most');
    }

    return parts.join(', ');
}


/* --- sections ------------------------------------------------------------ */

function showState(now, before) {
    const items = [];
    const add = (kind, text) => items.push(element('li', { class: kind },
                                                   text));

    for (const s of now.samples('redis_up')) {
        if (s.value === 0) {
            add('bad', `Redis ${server(s.labels)} is down`);
        }
    }

    for (const s of now.samples('redis_fit')) {
        const { redis, server } = s.labels;
        const down = now.samples('redis_up', { redis, server })
            .some(up => up.value === 0);

        if (s.value === 0 && !down) {
            add('warn', `Redis ${redis} ${server} is not read from`);
        }
    }

    for (const s of now.samples('tracking_coherent')) {
        if (s.value === 0) {
            add('warn', `Invalidations of ${s.labels.redis} are not `
                + `received: ${zoneName(s.labels)} is bypassed`);
        }
    }

    for (const s of now.samples('override_mode')) {
        const text = loosened(now, s);

        if (text) {
            add('warn', `Fleet override of ${s.labels.redis}: ${text}`);
        }
    }

    for (const s of now.samples('keyset_keys')) {
        if (s.value === 0) {
            add('bad', `No keys of ${s.labels.url} yet: tokens are rejected`);
        }
    }

    const all = perSecond(now, before, 'requests_total');
    const not = perSecond(now, before, 'requests_total',
                          { status: 'UNAVAILABLE' });

    if (not > 0) {
        add('bad', `${percent(not / all)} of the requests are not evaluated`);
    }

    if (items.length === 0) {
        add('good', 'All is well');
    }

    fill('state', ...items);
}

function showReasons(now, before) {
    const rows = [];
    const all = perSecond(now, before, 'requests_total');
    const seen = new Map();

    for (const s of now.samples('requests_total')) {
        const { status, reason } = s.labels;
        const key = `${reason} ${status}`;
        const row = seen.get(key) || { status, reason, total: 0 };

        row.total += s.value;
        seen.set(key, row);
    }

    for (const row of seen.values()) {
        const labels = { status: row.status, reason: row.reason };
        row.rate = perSecond(now, before, 'requests_total', labels);
    }

    const shown = [...seen.values()].filter(row => row.total > 0)
        .sort((a, b) => b.rate - a.rate || b.total - a.total);

    for (const row of shown) {
        const share = all > 0 ? row.rate / all : 0;

        rows.push(element('tr', null,
            element('th', { scope: 'row' }, row.reason),
            cell(row.status.toLowerCase()),
            cell(rate(row.rate), 'number'), cell(number(row.total, 0),
                                                 'number'),
            element('td', null, element('svg', {
                viewBox: '0 0 100 8', preserveAspectRatio: 'none',
                role: 'img', 'aria-label': percent(share) },
                element('rect', { class: row.status.toLowerCase(),
                    width: (100 * share).toFixed(2), height: 8 })))));
    }

    if (rows.length === 0) {
        rows.push(element('tr', null, element('td', { colspan: 5 },
                                              'No request yet')));
    }

    fill('reasons', ...rows);
}

/* areas upon each other, the newest read at the right */
function showChart() {
    const width = 600, height = 160;
    const top = Math.max(1, ...past.map(h =>
        STATUSES.reduce((n, status) => n + h[status], 0)));
    const x = i => width - (past.length - 1 - i) * width / (HISTORY - 1);
    const y = n => height - n / top * (height - 10);
    const point = (n, i) => `${x(i).toFixed(1)},${y(n).toFixed(1)}`;
    const base = past.map(() => 0);
    const areas = [];

    for (const status of STATUSES) {
        if (!past.some(h => h[status] > 0)) {
            continue;
        }

        const below = base.map(point);

        past.forEach((h, i) => { base[i] += h[status]; });

        const above = base.map(point);

        areas.push(element('path', { class: status.toLowerCase(),
            d: `M${above.join('L')}L${below.reverse().join('L')}Z` }));
    }

    find('chart').replaceChildren(...areas);

    const now = past[past.length - 1];
    const parts = STATUSES.filter(status => now && now[status] > 0)
        .map(status => `${rate(now[status])} ${status.toLowerCase()}`);

    find('chart-caption').textContent = 'Requests per second, by status, of '
        + `the last 5 minutes; at most ${rate(top)}. `
        + (parts.length ? `Now: ${parts.join(', ')}.` : 'Now: none.');
}

function showLegend() {
    fill('legend', ...STATUSES.map(status => element('li', null,
        element('svg', { viewBox: '0 0 8 8' }, element('rect', {
            class: status.toLowerCase(), width: 8, height: 8 })),
        status.toLowerCase())));
}

function showOverride(now) {
    const items = now.samples('override_mode').map(s => {
        const text = loosened(now, s);

        return element('li', { class: text ? 'warn' : 'soft' },
            `${s.labels.redis}, ${zoneName(s.labels)}: ${text || 'none'}`);
    });

    if (items.length === 0) {
        items.push(element('li', { class: 'soft' }, 'Not read yet'));
    }

    fill('override', ...items);
}

function showRedis(now, before) {
    const servers = now.samples('redis_up').map(s => {
        const unfit = now.samples('redis_fit', { redis: s.labels.redis,
            server: s.labels.server }).some(fit => fit.value === 0);
        const state = s.value === 0 ? ['bad', 'down']
            : unfit ? ['warn', 'up, not read from'] : ['good', 'up'];
        const lost = now.sum('redis_reconnects_total',
            { redis: s.labels.redis, server: s.labels.server });

        return element('tr', null,
            element('th', { scope: 'row' }, s.labels.redis),
            cell(s.labels.server, 'wrap'), cell(s.labels.role),
            cell(state[1], state[0]), cell(number(lost, 0), 'number'));
    });

    fill('servers', ...servers);

    const stores = new Map(now.samples('lookups_coalesced_total')
        .map(s => [JSON.stringify(s.labels), s.labels]));

    fill('lookups', ...[...stores.values()].map(labels => {
        const coherent = now.samples('tracking_coherent', labels)[0];
        const lag = now.samples('replica_lag_seconds',
                                { redis: labels.redis })[0];
        const time = before ? now.time - before.time : 0;
        const count = lookups(now, labels);
        const per = time > 0 ? (count - lookups(before, labels)) / time : 0;

        return element('tr', null,
            element('th', { scope: 'row' }, labels.redis),
            cell(zoneName(labels)),
            coherent ? cell(coherent.value ? 'received' : 'not received',
                            coherent.value ? 'good' : 'warn')
                     : cell('-', 'soft'),
            cell(lag ? `${number(lag.value, 0)} s` : '-', 'number'),
            cell(rate(Math.max(0, per)), 'number'),
            cell(seconds(quantile(now, before, labels, 0.5)), 'number'),
            cell(seconds(quantile(now, before, labels, 0.99)), 'number'),
            cell(number(lookups(now, labels, true), 0), 'number'));
    }));
}

function showZones(now, before) {
    const zones = now.samples('zone_size_bytes').map(s => {
        const zone = { zone: s.labels.zone };
        const used = now.sum('zone_used_bytes', zone);
        const account = { ...zone, kind: 'account' };
        const hits = increase(now, before, 'cache_lookups_total',
                              { ...account, result: 'hit' });
        const all = increase(now, before, 'cache_lookups_total', account);
        const entries = now.samples('cache_entries', zone)
            .filter(e => e.value > 0)
            .map(e => `${number(e.value, 0)} ${e.labels.kind}`).join(', ');
        const id = `zone-${s.labels.zone}`;

        return element('div', null,
            element('h3', { id }, s.labels.zone),
            element('dl', null,
                element('dt', null, 'Memory'),
                element('dd', null, element('meter', {
                    'aria-labelledby': id, max: s.value, value: used }),
                    ` ${bytes(used)} of ${bytes(s.value)}`),
                element('dt', null, 'Fresh accounts'),
                element('dd', null, all > 0 ? percent(hits / all) : '-'),
                element('dt', null, 'Entries'),
                element('dd', null, entries || 'none'),
                element('dt', null, 'Evictions of accounts'),
                element('dd', null, number(now.sum('cache_evictions_total',
                                                   account), 0))));
    });

    if (zones.length === 0) {
        zones.push(element('p', { class: 'soft' }, 'There is no zone'));
    }

    fill('zones', ...zones);
}

function show(now) {
    const before = reads[0];
    const last = reads[reads.length - 1];
    const build = now.samples('build_info')[0].labels;

    find('build').textContent = `${location.host}, module ${build.version}, `
        + `nginx ${build.nginx_version}`;

    if (last) {
        const rates = {};

        for (const status of STATUSES) {
            rates[status] = perSecond(now, last, 'requests_total', { status });
        }

        past.push(rates);
        past.splice(0, past.length - HISTORY);
    }

    showState(now, before);
    showReasons(now, before);
    showChart();
    showOverride(now);
    showRedis(now, before);
    showZones(now, before);

    find('updated').textContent =
        `Updated ${new Date().toLocaleTimeString('en-GB')}`;
}


/* --- reads --------------------------------------------------------------- */

async function read(url, patience) {
    const response = await fetch(url, { cache: 'no-store',
        headers: { Accept: 'application/json' },
        signal: AbortSignal.timeout(patience) });
    const type = response.headers.get('Content-Type') || '';

    return { ok: response.ok, status: response.status,
             body: type.includes('json') ? await response.json() : {} };
}

async function update() {
    clearTimeout(timer);

    try {
        const page = await read('metrics.json', PATIENCE);

        if (!page.ok) {
            throw new Error(`status ${page.status}`);
        }

        const now = new Metrics(page.body, performance.now() / 1000);

        show(now);
        reads.push(now);
        reads.splice(0, reads.length - WINDOW);

    } catch (error) {
        fill('state', element('li', { class: 'bad' },
            `No answer of the edge (${error.message}): what is shown is old`));
    }

    if (!paused) {
        timer = setTimeout(update, INTERVAL);
    }
}

function pause() {
    paused = !paused;
    find('pause').setAttribute('aria-pressed', paused);
    paused ? clearTimeout(timer) : update();
}


/* --- why? ---------------------------------------------------------------- */

const VERDICTS = {
    allow: ['good', 'is allowed'],
    deny: ['bad', 'is denied'],
    unauthorized: ['bad', 'is not authorized']
};

function showVerdict(answer, query) {
    const [kind, text] = VERDICTS[answer.verdict] || ['soft', 'is unknown'];
    const from = query.device ? `${query.address} on ${query.device}`
                              : query.address;

    fill('why-answer',
        element('p', null, `${query.account} from ${from} `,
            element('strong', { class: kind }, text),
            `: ${answer.reason}`, answer.detail ? ` (${answer.detail})` : '',
            answer.enforced === false
                ? `. Not enforced: the mode is ${answer.mode}.` : '.'),
        element('ol', null, ...(answer.rules || [])
            .filter(rule => rule.matches !== null)
            .map(rule => element('li',
                rule.matches ? { class: 'match' } : null,
                `${rule.name}: ${rule.why}`))));
}

/* where the API is, or null; asked for again if there was no answer */
async function api() {
    settings = settings || read('settings.json', PATIENCE);

    try {
        const answer = await settings;

        if (!answer.ok) {
            throw new Error(`settings: status ${answer.status}`);
        }

        return answer.body.api;

    } catch (error) {
        settings = null;
        throw error;
    }
}

async function why(event) {
    if (event) {
        event.preventDefault();
    }

    const query = Object.fromEntries(new FormData(find('why-form')));
    const args = ['address', 'device'].filter(name => query[name])
        .map(name => `${name}=${encodeURIComponent(query[name])}`);
    const question = ++questions;

    fill('why-answer', 'Looking');

    try {
        const path = (await api()).replace(/\/$/, '')
            + `/1/accounts/${encodeURIComponent(query.account)}/verdict`;
        const answer = await read(`${path}?${args.join('&')}`, LOOKUP);

        if (question !== questions) {
            return;     // there is a later question
        }

        if (answer.ok) {
            showVerdict(answer.body, query);
            return;
        }

        fill('why-answer', element('p', { class: 'bad' },
            answer.body.detail || answer.body.title
            || `The API answers ${answer.status}`));

    } catch (error) {
        if (question === questions) {
            fill('why-answer', element('p', { class: 'bad' },
                `The API does not answer: ${error.message}`));
        }
    }
}

/*
 * a link to a question, which no server is told: #account=a&address=...; a "+"
 * is a plus sign, as in the API
 */
function ask() {
    const query = new URLSearchParams(location.hash.slice(1)
        .replaceAll('+', '%2B'));

    for (const name of ['account', 'address', 'device']) {
        if (query.has(name)) {
            find(name).value = query.get(name);
        }
    }

    if (query.get('account') && query.get('address')) {
        why();
    }
}


async function start() {
    showLegend();
    find('pause').addEventListener('click', pause);
    find('why-form').addEventListener('submit', why);
    update();

    try {
        if (!await api()) {
            fill('why-answer', element('p', { class: 'soft' },
                'Set "api=" of household_dashboard to ask.'));
            find('why-form').hidden = true;
            return;
        }

    } catch (error) {
        /* it is asked for again with the first question */
    }

    addEventListener('hashchange', ask);
    ask();
}

start();
