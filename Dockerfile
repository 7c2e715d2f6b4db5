# One static binary and a directory for its database:
# `docker build -t meetpoint . && docker run -p 8080:8080 -v meetpoint:/data meetpoint`.

# SQLite and TLS's cryptography are compiled in, with this image's C compiler and libc headers.
FROM docker.io/library/rust:1.95-slim-bookworm AS build
WORKDIR /build
# The last image holds neither libc nor loader, so all is linked in. A static program cannot look up getrandom(2) by
# name and would open /dev/urandom instead: the cfg makes it a plain call. Cargo keeps these flags from build scripts
# only when a target is named, so one is: the platform that this very stage runs on.
ENV RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"' \
    CARGO_PROFILE_RELEASE_STRIP=symbols

# The dependencies are a layer of their own, made again only when a manifest changes: they are most of the build.
# Every member needs a source to be a package at all, unless its manifest names all that it has: only loadtest, which is not built here, does not.
COPY Cargo.toml Cargo.lock ./
COPY protocol/Cargo.toml protocol/
COPY loadtest/Cargo.toml loadtest/
COPY bench/Cargo.toml bench/
COPY models/Cargo.toml models/
COPY scorecard/Cargo.toml scorecard/
COPY simulation/Cargo.toml simulation/
COPY tests/support/Cargo.toml tests/support/
# What came of the placeholders is thrown away: cargo goes by file times, and from a checkout older than this layer it
# would ship the placeholder as the server.
RUN mkdir -p src protocol/src loadtest/src \
    && echo 'fn main() {}' | tee src/main.rs > loadtest/src/main.rs \
    && touch src/lib.rs protocol/src/lib.rs loadtest/src/lib.rs \
    && target=$(rustc --print host-tuple) \
    && cargo build --release --locked --package meetpoint --target "$target" \
    && cargo clean --release --locked --package meetpoint --package meetpoint-protocol --target "$target"

COPY protocol/src protocol/src
COPY docs/openapi.json docs/asyncapi.json docs/
COPY build.rs ./
COPY web web
COPY src src
RUN target=$(rustc --print host-tuple) \
    && cargo build --release --locked --package meetpoint --target "$target" \
    && cp "target/$target/release/meetpoint" /meetpoint \
    && mkdir /data

FROM scratch
LABEL org.opencontainers.image.title="meetpoint" \
      org.opencontainers.image.description="One signaling and matchmaking server for WebRTC applications" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /meetpoint /meetpoint
# The only place where the server may write. A named volume takes over the owner; a directory of the host that is
# mounted here must belong to the same numbers.
COPY --from=build --chown=65532:65532 /data /data
# By number: there is no /etc/passwd to look a name up in.
USER 65532:65532
VOLUME /data
# Settings belong in the environment, not in arguments: the health check sees only the former.
# `docker stop` kills after 10 s, so the drain is over before that.
ENV PORT=8080 \
    STORAGE_PATH=/data/meetpoint.db \
    LOG_FORMAT=json \
    SHUTDOWN_GRACE=8s
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/meetpoint", "healthcheck"]
ENTRYPOINT ["/meetpoint"]
