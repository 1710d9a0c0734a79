# One image for every process of the driver. Nothing is fetched but npm packages, in the first stage; no stage runs
# apt-get, so BASE needs what Debian's essential packages have (mount, umount, sync, cp, find) and a Node of 24.12 or newer.
#   docker build .
#   docker build --secret id=npmrc,src=$HOME/.npmrc --secret id=ca,src=ca-bundle.pem .   (a registry of one's own)
ARG BASE=docker.io/library/node:26-slim

FROM ${BASE} AS bundle
WORKDIR /build
RUN for program in mount umount findmnt sync cp find mkfifo; do \
      command -v "$program" >/dev/null || { echo "the base image has no $program; choose one of Debian: --build-arg BASE=" >&2; exit 1; }; \
    done
COPY package.json package-lock.json .npmrc ./
# Scripts of packages are not run: what the bundle needs has none that matter.
RUN --mount=type=secret,id=npmrc,target=/run/secrets/npmrc \
    --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    if [ -s /run/secrets/ca.pem ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca.pem; fi; \
    npm ci --userconfig=/run/secrets/npmrc --ignore-scripts --no-audit --no-update-notifier --loglevel=warn --cache=/tmp/npm \
    && rm -rf /tmp/npm /tmp/node-compile-cache
COPY . .
RUN node tools/bundle/main.ts /app && chmod -R u=rwX,go=rX /app

FROM ${BASE}
COPY --from=bundle /app /app
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="syncthing-csi" \
      org.opencontainers.image.description="CSI driver whose volumes are Syncthing folders: plain files, local speed, replicated between nodes" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# For processes that idle most of the time: a small heap that stays small, and no optimizing compilers, whose text alone
# is 8 MiB once it was used; one malloc arena instead of one a thread, and what is free goes back to the machine.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
# The arguments choose the process.
ENTRYPOINT ["node", "--max-semi-space-size=1", "--optimize-for-size", "--no-opt", "--no-maglev", "/app/main.js"]
