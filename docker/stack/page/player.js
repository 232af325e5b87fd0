/* A small player of HLS with fMP4: one rendition, from start to end.  What is
 * special about it is what it does when it is denied: it stays where it is,
 * tells why, and goes on when it is told to. */

const AHEAD = 3;    /* seconds to have in stock: the place may change */

/* what was granted is known to an edge a moment later */
const TRIES = 10;
const PAUSE = 200;


export class Player extends EventTarget {

    constructor(video) {
        super();
        this.video = video;
        this.goOn = null;
    }

    /* plays from the start; another film, or the same again, ends this one */
    async play(url) {
        const stop = this.stop = new AbortController();

        try {
            await this.run(url, stop.signal);

        } catch (error) {
            if (!stop.signal.aborted) {
                this.tell('failed', String(error));
            }
        }
    }

    /* after a purchase, a code, a sign-in: asks again for what was denied */
    resume() {
        this.goOn?.();
    }

    async run(url, signal) {
        const master = await this.list(url, signal);
        const codecs = /CODECS="([^"]+)"/.exec(master.text)[1];
        const media = await this.list(master.uris[0], signal);
        const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(media.text)[1];

        const source = new MediaSource();
        const opened = once(source, 'sourceopen');

        this.video.src = URL.createObjectURL(source);
        await opened;

        const buffer = source.addSourceBuffer(`video/mp4; codecs="${codecs}"`);
        const parts = [new URL(init, media.url), ...media.uris];

        for (const part of parts) {
            await this.stock(buffer, signal);

            const answer = await this.get(part, signal);
            const done = once(buffer, 'updateend');

            buffer.appendBuffer(await answer.arrayBuffer());
            await done;

            if (part === parts[1]) {
                await this.video.play();
            }
        }

        source.endOfStream();
        await once(this.video, 'ended', signal);
        this.tell('ended');
    }

    async list(url, signal) {
        const answer = await this.get(url, signal);
        const text = await answer.text();

        return {
            text, url: answer.url,
            uris: text.split('\n').filter(line => /^[^#\s]/.test(line))
                .map(line => new URL(line, answer.url)),
        };
    }

    /* waits until it is worth fetching another part */
    async stock(buffer, signal) {
        while (buffer.buffered.length
               && buffer.buffered.end(0) - this.video.currentTime > AHEAD)
        {
            await once(this.video, 'timeupdate', signal);
        }
    }

    async get(url, signal) {
        for (let tries = 0; ; tries--) {
            const answer = await fetch(url, { signal });

            this.tell('answer', {
                code: answer.status,
                status: answer.headers.get('X-Household-Status'),
                reason: answer.headers.get('X-Household-Reason'),
            });

            if (answer.ok) {
                return answer;
            }

            if (answer.status !== 401 && answer.status !== 403) {
                throw new Error(`${url}: ${answer.status}`);
            }

            if (tries > 0) {
                await new Promise(resolve => setTimeout(resolve, PAUSE));
                continue;
            }

            await this.denied(answer, signal);
            tries = TRIES;
        }
    }

    /* the body of a 403 is a problem document, with the offer */
    async denied(answer, signal) {
        const playing = !this.video.paused;
        const problem = answer.status === 403 ? await answer.json() : {};

        this.video.pause();

        await new Promise((resolve, reject) => {
            this.goOn = resolve;
            signal.addEventListener('abort', reject, { once: true });
            this.tell('denied', { status: answer.status, ...problem });
        });

        this.goOn = null;

        if (playing) {
            this.video.play();
        }
    }

    tell(name, detail) {
        this.dispatchEvent(new CustomEvent(name, { detail }));
    }
}


function once(target, name, signal) {
    return new Promise((resolve, reject) => {
        target.addEventListener(name, resolve, { once: true, signal });
        signal?.addEventListener('abort', reject, { once: true });
    });
}
