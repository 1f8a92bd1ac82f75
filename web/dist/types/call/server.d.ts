/** How a page's user shows who they are. */
export type Token = string | (() => string | Promise<string>) | null;
/** The routes of a server of the voice API, found from the address of its WebSocket. */
export declare class Server {
    #private;
    /** `src` is the WebSocket's address, with a session's id behind its last `/`, or without. */
    constructor(src: string, base: string, token: Token);
    /** The session that the address names; nothing if one is to be opened. */
    get session(): string | undefined;
    /** Opens a session; `options` is the body, as `docs/API.md` has it. */
    open(options: object): Promise<string>;
    /** Ends a session in order; also while the page is being left. */
    end(session: string): Promise<void>;
    /** The address for one connection, with a fresh ticket where there is a token. */
    address(session: string, after: number | undefined): Promise<URL>;
}
