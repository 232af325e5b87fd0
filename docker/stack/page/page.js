/* The page of the demo: who, where, the film, what is offered, the mails. */

import { Player } from './player.js';

const FILM = 'film/film.m3u8';
const $ = id => document.getElementById(id);
const chosen = name =>
    document.querySelector(`input[name=${name}]:checked`).value;

const player = new Player($('video'));
let offer = null;
let last = null;


/* --- the shop ---------------------------------------------------------- */

async function post(url, body) {
    const answer = await fetch(url, {
        method: 'POST', body: JSON.stringify(body ?? {}),
        headers: { 'Content-Type': 'application/json' },
    });

    if (!answer.ok) {
        throw new Error((await answer.json()).title);
    }
}

const signIn = () => post('shop/sign-in', { device: chosen('who') });

/* where the viewer is stands in a cookie, for the front of the edges */
function move() {
    document.cookie = `place=${chosen('where')}; path=/; SameSite=Strict`;
}


/* --- what is shown over the film --------------------------------------- */

function overlay(id) {
    for (const name of ['offer', 'signed-out']) {
        $(name).hidden = name !== id;
    }
}

function price({ price, currency }) {
    return new Intl.NumberFormat('fr-FR', {
        style: 'currency', currency, currencyDisplay: 'code',
    }).format(price).replace(/\s/g, ' ');
}

function show(problem) {
    if (problem.status === 401) {
        overlay('signed-out');
        return;
    }

    offer = problem.offer;
    const verify = offer?.verify ?? (offer?.price ? null : offer?.url);

    $('offer-seat').hidden = !offer?.price;
    $('offer-proof').hidden = !verify;
    $('offer-code').hidden = true;
    $('offer-error').textContent = '';
    $('code').value = '';

    if (offer?.price) {
        $('buy').textContent = price(offer);
    }

    offer = { seat: offer?.url, verify };
    overlay('offer');
}

function goOn() {
    overlay(null);
    player.resume();
}

function action(id, event, run) {
    $(id).addEventListener(event, async e => {
        e.preventDefault();
        $('offer-error').textContent = '';

        try {
            await run();
        } catch (error) {
            $('offer-error').textContent = error.message;
        }
    });
}

action('buy', 'click', async () => {
    await post(offer.seat);
    goOn();
});

action('send-code', 'click', async () => {
    await post(offer.verify);
    $('offer-code').hidden = false;
    $('code').focus();
});

action('offer', 'submit', async () => {
    await post(offer.verify, { code: $('code').value.trim() });
    goOn();
});

action('signed-out', 'submit', async () => {
    await signIn();
    goOn();
});


/* --- the viewer --------------------------------------------------------- */

action('play', 'click', async () => {
    player.stop?.abort();
    overlay(null);
    move();
    await signIn();
    player.play(FILM);
});

/* another place or person: the next part of the film is asked for as such */

action('where', 'change', () => {
    move();
    goOn();
});

action('who', 'change', async () => {
    if (last) {
        await signIn();
        goOn();
    }
});

action('sign-out', 'click', () => post('shop/sign-out'));

action('start-over', 'click', async () => {
    player.stop?.abort();
    $('video').removeAttribute('src');
    $('video').load();
    overlay(null);
    last = null;
    await post('shop/start-over');
    $('status').textContent = 'Not playing';
});

player.addEventListener('answer', ({ detail }) => {
    last = detail;
    $('status').textContent = `${detail.code} ${detail.status ?? ''}`
        + ` ${detail.reason ?? ''}`;
});

player.addEventListener('denied', ({ detail }) => show(detail));

player.addEventListener('ended', () => {
    $('status').textContent = 'The end';
});

player.addEventListener('failed', ({ detail }) => {
    $('status').textContent = detail;
});


/* --- the mails ----------------------------------------------------------- */

function item({ to, subject, text }) {
    const li = document.createElement('li');

    for (const [tag, words] of [['small', `To: ${to}`], ['h3', subject],
                                ['p', text]])
    {
        li.append(document.createElement(tag));
        li.lastChild.textContent = words;
    }

    return li;
}

async function mails(shown) {
    let text = shown;

    try {
        text = await (await fetch('shop/mails')).text();

        if (text !== shown) {
            $('mail-list').replaceChildren(
                ...JSON.parse(text).map(item).reverse());
        }
    } catch {
        /* the next time */
    }

    setTimeout(mails, 1000, text);
}

move();
mails();
