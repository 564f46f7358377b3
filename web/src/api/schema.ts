// Written by `npm run generate` from docs/reference/openapi.json: not to be changed by hand.

export interface paths {
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The audit trail, newest first. Supervisors see what belongs to their agencies. */
        get: {
            parameters: {
                query?: {
                    /** @description RFC 3339 or seconds since 1970. */
                    start?: string;
                    /** @description Before this moment. */
                    end?: string;
                    /** @description A name or id. */
                    who?: string;
                    action?: string;
                    object?: string;
                    /** @description A code; `refused`: all that are not `ok`. */
                    result?: string;
                    agency?: string;
                    /** @description `csv` or `jsonl`: all rows as a file instead of a page. */
                    format?: string;
                    /** @description 1 to 1,000; default 100. */
                    limit?: string;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditAnswer"];
                        "text/csv": string;
                        "application/x-ndjson": string;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit/head": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The end of the chain, signed: whoever keeps it finds out later whether rows before it were changed. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HeadAnswer"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cameras": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Cameras in a stable order. */
        get: {
            parameters: {
                query?: {
                    /** @description `minLng,minLat,maxLng,maxLat`; minLng > maxLng crosses the antimeridian. */
                    bbox?: string;
                    role?: string;
                    /** @description Agency. */
                    source?: string;
                    /** @description `online`, `offline`, `connecting`, `idle`, `disabled`, `error`. */
                    status?: string;
                    tag?: string;
                    /** @description A part of the name or id. */
                    q?: string;
                    /** @description 1 to 10,000; default 1,000. */
                    limit?: string;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CamerasAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cameras/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One camera. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The camera's id. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CameraAnswer"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cameras/{id}/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs addresses of a camera. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The camera's id. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LinkBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cameras/{id}/snapshot.jpg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest key frame as a JPEG picture, at most a second older than it could be. */
        get: {
            parameters: {
                query?: {
                    /** @description Width in pixels, 16 to 4096; the height follows. Without it the picture's own. */
                    width?: number;
                };
                header?: never;
                path: {
                    /** @description The camera. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "image/jpeg": number[];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                501: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys, newest first, ended ones too. */
        get: {
            parameters: {
                query?: {
                    /** @description 1 to 1,000; default 100. */
                    limit?: string;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeysAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a key; it is shown once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewKeyBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeyAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a key. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The key's id. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in by name and password; sets the session's cookie. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LoginBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        /** @description The session. */
                        "Set-Cookie"?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LoginAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs out: ends the session. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who asks, and what for. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MeAnswer"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes one's own password; signs out everywhere else. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordBody"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/oidc/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Takes the browser back from the provider and signs it in. */
        get: {
            parameters: {
                query?: {
                    code?: string;
                    state?: string;
                    error?: string;
                    error_description?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description To where it came from, or to the login with an error. */
                303: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/oidc/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sends the browser to the provider. */
        get: {
            parameters: {
                query?: {
                    /** @description A path of this server. */
                    return?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description To the provider, or back to the login with an error. */
                303: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/playback/{camera}/media.mp4": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Any span as one MP4, its length known up front. */
        get: {
            parameters: {
                query?: {
                    /** @description RFC 3339 or seconds since 1970; default: a day before `end`. */
                    start?: string;
                    /** @description Default: now. */
                    end?: string;
                };
                header?: never;
                path: {
                    /** @description The camera's id. */
                    camera: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "video/mp4": unknown;
                    };
                };
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "video/mp4": unknown;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                416: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recordings/{camera}/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is recorded, what is missing, and why. */
        get: {
            parameters: {
                query?: {
                    /** @description RFC 3339 or seconds since 1970; default: a day before `end`. */
                    start?: string;
                    /** @description Default: now. */
                    end?: string;
                };
                header?: never;
                path: {
                    /** @description The camera's id. */
                    camera: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CoverageAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recordings/{camera}/coverage/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much is recorded, and how much is missing for which reason. */
        get: {
            parameters: {
                query?: {
                    /** @description RFC 3339 or seconds since 1970; default: a day before `end`. */
                    start?: string;
                    /** @description Default: now. */
                    end?: string;
                };
                header?: never;
                path: {
                    /** @description The camera's id. */
                    camera: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Summary"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recordings/{camera}/segments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Segments that overlap a span, by start. */
        get: {
            parameters: {
                query?: {
                    /** @description RFC 3339 or seconds since 1970; default: a day before `end`. */
                    start?: string;
                    /** @description Default: now. */
                    end?: string;
                    /** @description 1 to 10,000; default 1,000. */
                    limit?: string;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    /** @description The camera's id. */
                    camera: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SegmentsAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description `true`: everybody's, for administrators; else one's own. */
                    all?: string;
                    /** @description 1 to 1,000; default 100. */
                    limit?: string;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionsAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a session: one's own, or, for administrators, anybody's. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The session's id. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** People in the order of their names. */
        get: {
            parameters: {
                query?: {
                    /** @description A part of the name. */
                    q?: string;
                    /** @description 1 to 1,000; default 100. */
                    limit?: string;
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UsersAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a person. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewUserBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One person. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person's id. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserAnswer"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Removes a person and signs it out everywhere. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person's id. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a person; it takes effect on what runs within seconds. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person's id. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UserChangeBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserAnswer"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description as a page. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Alive: the state of each part. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HealthAnswer"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HealthAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/live.m3u8": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The first camera's media playlist. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/vnd.apple.mpegurl": string;
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/live/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A file of a stream: `<stream>/index.m3u8` (multivariant), `<stream>/main_stream.m3u8`,
         *     `<stream>/live.m3u8`, and what these name.
         */
        get: {
            parameters: {
                query?: {
                    /** @description How a playlist's segments are packaged: `fmp4` or `ts`. */
                    variant?: string;
                };
                header?: never;
                path: {
                    /** @description The stream's path and the file's name. */
                    file: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        /** @description Codecs of the stream that the playlist leaves out. */
                        "X-Vedette-Omitted"?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/vnd.apple.mpegurl": string;
                        "video/mp4": number[];
                        "video/iso.segment": number[];
                        "video/mp2t": number[];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                406: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Numbers for Prometheus; OpenMetrics when it is asked for. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                        "application/openmetrics-text": string;
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description (OpenAPI 3.1). */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ready: database, recorder and listeners work. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReadyAnswer"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReadyAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A page of the audit trail. */
        AuditAnswer: {
            next_cursor?: string | null;
            rows: components["schemas"]["AuditRow"][];
        };
        /** @description A row of the audit trail. */
        AuditRow: {
            action: string;
            /** @description From where. */
            address: string;
            /** @description Whose it is. */
            agency?: string | null;
            /** Format: date-time */
            at: string;
            detail: {
                [key: string]: string;
            };
            /** @description Of this row and the one before, in hexadecimal. */
            hash: string;
            /** @description On what: `camera:<id>`, `user:<name>`; empty: the server. */
            object: string;
            previous: string;
            request_id: string;
            /** @description `ok`, or the code of the refusal. */
            result: string;
            /**
             * Format: int64
             * @description 1, 2, 3 without a gap.
             */
            seq: number;
            who: components["schemas"]["AuditWho"];
        };
        /** @description Who did something. */
        AuditWho: {
            id: string;
            /** @description `user`, `external`, `key`, `link`, `open`, `nobody`, `monitor`, `command` or `server`. */
            kind: string;
            /** @description The name, or the one that was tried. */
            name: string;
        };
        /** @description A camera. */
        CameraAnswer: {
            /** Format: date-time */
            created_at: string;
            id: string;
            last_error?: components["schemas"]["LastErrorAnswer"] | null;
            live: components["schemas"]["LiveAnswer"];
            location?: components["schemas"]["LocationAnswer"] | null;
            name: string;
            /** @description Whether it can be moved. */
            ptz: boolean;
            role: string;
            /** @description The agency that owns it. */
            source: string;
            /** @description `online`, `offline`, `connecting`, `idle`, `disabled` or `error`. */
            status: string;
            /** Format: date-time */
            status_since?: string | null;
            streams: components["schemas"]["StreamAnswer"][];
            tags: string[];
            /** Format: date-time */
            updated_at: string;
        };
        /** @description A page of cameras. */
        CamerasAnswer: {
            cameras: components["schemas"]["CameraAnswer"][];
            next_cursor?: string | null;
            /** Format: int64 */
            total: number;
        };
        /** @description A camera's coverage. */
        CoverageAnswer: {
            camera: string;
            /** Format: date-time */
            end: string;
            next_cursor?: string | null;
            /** @description In order, without overlap. */
            spans: components["schemas"]["Span"][];
            /** Format: date-time */
            start: string;
            /**
             * Format: double
             * @description Seconds between spans that nothing explains.
             */
            unexplained_seconds: number;
        };
        /** @description The end of the audit trail's chain, to be kept elsewhere. */
        HeadAnswer: {
            /** Format: date-time */
            at: string;
            /** @description Its hash, in hexadecimal. */
            hash: string;
            /** @description The key that proves it, in base64. */
            public_key: string;
            /**
             * Format: int64
             * @description The newest row; 0: there is none.
             */
            seq: number;
            /** @description Ed25519 over `vedette audit head\n<seq>\n<hash>\n<at>`, in base64. */
            signature: string;
        };
        /** @description How the server is. */
        HealthAnswer: {
            /** @description Each part's state. */
            components: Record<string, never>;
            /** @description `healthy`, `degraded` or `unhealthy`. */
            status: string;
            /** @description Now, to the second. */
            time: string;
            /**
             * Format: int64
             * @description Seconds since the start.
             */
            uptime: number;
            version: string;
        };
        /** @description A key. */
        KeyAnswer: {
            agencies: string[];
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** Format: date-time */
            expires_at?: string | null;
            id: string;
            /** @description The key itself; only in the answer that made it. Sent as `Authorization: Bearer`. */
            key?: string | null;
            name: string;
            /** Format: date-time */
            revoked_at?: string | null;
            /** @description What its holder may do beside its scopes. */
            role?: string | null;
            /** @description `publish:<pattern>`. */
            scopes: string[];
            /**
             * Format: date-time
             * @description To the minute.
             */
            used_at?: string | null;
        };
        /** @description A page of keys. */
        KeysAnswer: {
            keys: components["schemas"]["KeyAnswer"][];
            next_cursor?: string | null;
        };
        /** @description The last thing that went wrong. */
        LastErrorAnswer: {
            /** Format: date-time */
            at: string;
            code: string;
            message_ar: string;
            message_en: string;
        };
        /**
         * @description Signed addresses of a camera: each opens that one camera until it ends, and no longer than who
         *     signed it has the right.
         */
        LinkAnswer: {
            /** Format: date-time */
            expires_at: string;
            /** @description HLS, for `live`. */
            hls?: string | null;
            /** @description One MP4, for `playback`; add `start` and `end`. */
            media?: string | null;
            /** @description The newest picture, for `live`. */
            snapshot?: string | null;
            /** @description The query's `token`, for other addresses of the camera. */
            token: string;
        };
        /** @description An address to be signed. */
        LinkBody: {
            /**
             * Format: int32
             * @description Seconds, 1 to 604,800; default 3,600.
             */
            expires_in?: number | null;
            purpose?: components["schemas"]["PurposeWord"];
        };
        /** @description Where it can be watched; null: not by this protocol. */
        LiveAnswer: {
            hls?: string | null;
            rtsp?: string | null;
            whep?: string | null;
        };
        /** @description Where a camera stands and looks. */
        LocationAnswer: {
            /** Format: double */
            direction?: number | null;
            /** Format: double */
            field_of_view?: number | null;
            /** Format: double */
            lat: number;
            /** Format: double */
            lng: number;
            /** Format: double */
            range_m?: number | null;
        };
        /** @description Who is signed in now. */
        LoginAnswer: {
            /** @description Whose cameras; `["*"]`: all. */
            agencies: string[];
            /** Format: date-time */
            expires_at: string;
            /** @description True while somebody else knows the password. */
            must_change_password: boolean;
            role: string;
            /** @description The role, as a list. */
            roles: string[];
            /** @description The name. */
            user: string;
            user_id: string;
        };
        /** @description Name and password. */
        LoginBody: {
            /** Format: password */
            password: string;
            username: string;
        };
        /** @description How one can sign in here. */
        LoginWays: {
            /** @description By an OpenID provider, by its name. */
            oidc?: string | null;
            /** @description By name and password. */
            password: boolean;
        };
        /** @description Who asks. */
        MeAnswer: {
            agencies: string[];
            /** @description `user`, `external`, `key`, `link`, `open` or `nobody`. */
            kind: string;
            login: components["schemas"]["LoginWays"];
            must_change_password: boolean;
            role?: string | null;
            roles: string[];
            /** @description Of a key. */
            scopes: string[];
            /** @description The session's id. */
            session?: string | null;
            /** @description The name; empty for nobody in particular. */
            user: string;
            user_id: string;
        };
        /** @description How long there was no recording for one reason. */
        MissingTime: {
            /** Format: double */
            percent: number;
            reason: string;
            /** Format: double */
            seconds: number;
        };
        /** @description A key to be made. */
        NewKeyBody: {
            /** @description Default: none, but `["*"]` for an administrator. */
            agencies?: string[] | null;
            /**
             * Format: date-time
             * @description RFC 3339; without it the key lasts until it is ended.
             */
            expires?: string | null;
            name: string;
            role?: components["schemas"]["RoleWord"] | null;
            /** @description `publish:<pattern>`, in which `*` stands for any text. */
            scopes?: string[];
        };
        /** @description A person to be added. */
        NewUserBody: {
            /** @description Default: none, but `["*"]` for an administrator. */
            agencies?: string[] | null;
            name: string;
            /**
             * Format: password
             * @description 8 characters or more; without one a password is made, to be changed.
             */
            password?: string | null;
            role: components["schemas"]["RoleWord"];
        };
        /** @description One's own password. */
        PasswordBody: {
            /** Format: password */
            current: string;
            /** Format: password */
            new: string;
        };
        /** @description A problem as it is sent. */
        ProblemDetails: {
            /** @description Stable; programs decide by it. */
            code: string;
            /** @description What is wrong and what would be right, in the language asked for. */
            detail: string;
            /** @description `detail` in Arabic. */
            message_ar: string;
            /** @description `detail` in English. */
            message_en: string;
            /** @description The request's id, as in `X-Request-ID` and the server's log. */
            request_id: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description Short, in the language asked for. */
            title: string;
            /** @description `urn:vedette:problem:<code>`. */
            type: string;
        } & {
            [key: string]: string;
        };
        /**
         * @description What an address is to open.
         * @enum {string}
         */
        PurposeWord: "live" | "playback";
        /** @description Whether it works. */
        ReadyAnswer: {
            ready: boolean;
            /** @description Why not: part and code. */
            reasons: Record<string, never>;
        };
        /** @description How a file left the disk. */
        RemovedAnswer: {
            /** Format: date-time */
            at: string;
            /** @description By whom, where a person asked for it. */
            by?: string | null;
            /** @description As in the coverage. */
            rule: string;
        };
        /**
         * @description A role.
         * @enum {string}
         */
        RoleWord: "viewer" | "operator" | "supervisor" | "admin";
        /** @description A recorded file. */
        SegmentAnswer: {
            /** Format: int64 */
            bytes?: number | null;
            camera: string;
            codecs: string;
            /**
             * Format: double
             * @description Seconds by the media clock; null while it is recorded.
             */
            duration?: number | null;
            /**
             * Format: date-time
             * @description Null while it is recorded.
             */
            end?: string | null;
            /** @description `fmp4` or `ts`. */
            format: string;
            /** Format: int64 */
            id: number;
            /** @description Relative to the folder of segments. */
            path: string;
            place: string;
            removed?: components["schemas"]["RemovedAnswer"] | null;
            sha256?: string | null;
            /** Format: date-time */
            start: string;
            state: string;
        };
        /** @description A page of segments. */
        SegmentsAnswer: {
            next_cursor?: string | null;
            segments: components["schemas"]["SegmentAnswer"][];
        };
        /** @description Somebody who is signed in. */
        SessionAnswer: {
            /** @description From where it began. */
            address: string;
            /** @description By which program. */
            agent: string;
            /** Format: date-time */
            created_at: string;
            /** @description True for the one that asks. */
            current: boolean;
            /** Format: date-time */
            expires_at: string;
            id: string;
            role?: string | null;
            /**
             * Format: date-time
             * @description To the minute.
             */
            seen_at: string;
            /** @description The name. */
            user: string;
            user_id: string;
        };
        /** @description A page of sessions. */
        SessionsAnswer: {
            next_cursor?: string | null;
            sessions: components["schemas"]["SessionAnswer"][];
        };
        /** @description A span of the coverage. */
        Span: {
            /** @description Who removed it. */
            by?: string | null;
            /**
             * Format: date-time
             * @description To here.
             */
            end: string;
            /** @description Why there is no recording. */
            reason?: string | null;
            /**
             * @description By which rule it was removed: `max_age`, `max_disk_usage`, `min_free`, `pressure`, `cleanup`,
             *     `person`, or `lost` for a file that nobody here removed.
             */
            rule?: string | null;
            /**
             * Format: date-time
             * @description From here.
             */
            start: string;
            /** @description `recorded` or `gap`. */
            state: string;
        };
        /** @description One of a camera's streams; sizes and rates are 0 until they are known. */
        StreamAnswer: {
            /** @description Codec of the sound; empty: none. */
            audio: string;
            b_frames: boolean;
            /**
             * Format: int64
             * @description Bits a second.
             */
            bitrate: number;
            /** @description `ok`, or the code of why a browser cannot play it. */
            browser: string;
            codec: string;
            /** Format: double */
            fps: number;
            /** Format: int32 */
            height: number;
            /**
             * Format: double
             * @description Seconds.
             */
            key_frame_interval: number;
            /** @description True when a group of pictures does not fit the memory that is set for it. */
            long_gop: boolean;
            name: string;
            path: string;
            profile: string;
            /** Format: int32 */
            width: number;
        };
        /** @description A camera's coverage in numbers. Percentages are of `known_seconds` and make 100. */
        Summary: {
            camera: string;
            /** Format: date-time */
            end: string;
            /**
             * Format: double
             * @description From the first to the last moment of the span of which something is known.
             */
            known_seconds: number;
            /** @description What is missing, by reason; reasons that did not occur are left out. */
            missing: components["schemas"]["MissingTime"][];
            /** Format: double */
            recorded_percent: number;
            /** Format: double */
            recorded_seconds: number;
            /** Format: date-time */
            start: string;
            /** Format: double */
            unexplained_percent: number;
            /**
             * Format: double
             * @description Seconds that nothing explains: 0 unless something is wrong.
             */
            unexplained_seconds: number;
        };
        /** @description A person. */
        UserAnswer: {
            /** @description Whose cameras; `["*"]`: all. */
            agencies: string[];
            /** Format: date-time */
            created_at: string;
            /** @description False: may not sign in. */
            enabled: boolean;
            id: string;
            /** Format: date-time */
            login_at?: string | null;
            must_change_password: boolean;
            name: string;
            /** @description The password that was made; only in the answer that made it. */
            password?: string | null;
            role: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description What of a person is to change. */
        UserChangeBody: {
            agencies?: string[] | null;
            enabled?: boolean | null;
            /**
             * Format: password
             * @description Another password, to be changed by the person; signs it out everywhere.
             */
            password?: string | null;
            role?: components["schemas"]["RoleWord"] | null;
        };
        /** @description A page of people. */
        UsersAnswer: {
            next_cursor?: string | null;
            users: components["schemas"]["UserAnswer"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
