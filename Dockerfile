# The server as an image: `docker build -t runnel .` builds all of it, from nothing, with packages from the internet.
# `make image` makes the same image out of the binary and the guests that are there already, and pulls nothing.
ARG BUILDER=rust:1.95-bookworm
ARG BASE=debian:bookworm-slim

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
# `make image` sends `dist` and nothing else.
# Node is for the page and for the guests; Debian's own is older than they need.
RUN test -d dist || { curl -fsSL https://deb.nodesource.com/setup_22.x | bash - && apt-get install -y --no-install-recommends nodejs \
    && make dist && mv target/dist dist; }

# Nothing but the base and two things of ours: no compiler, no package manager's lists, nobody to log in.
FROM ${BASE}
RUN groupadd --gid 10001 runnel \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin runnel \
    # A volume that is mounted here for the first time gets its owner from these.
    && install -d -o runnel -g runnel -m 750 /var/lib/runnel /var/cache/runnel
COPY --from=build /src/dist/ /

# Inside a container everything is outside's: who may come is the business of whoever publishes the port.
ENV RUNNEL_LISTEN=0.0.0.0:8080 \
    # Guests of the image, so that the first start is as quick as the second, whatever is mounted over the cache.
    RUNNEL_PREPARED=/usr/lib/runnel/guests \
    # Written to only where the processor is another than the image was made on: the guests' native code is made again.
    RUNNEL_CACHE=/var/cache/runnel \
    RUNNEL_DOORS_FOLDER=/var/lib/runnel/doors \
    RUNNEL_WORKSPACES_FOLDER=/var/lib/runnel/workspaces

# By number: Kubernetes believes only numbers that they are not root's.
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 CMD ["runnel", "check", "--ready"]
# As the first process it needs no init: it starts only cells, waits for each of them, and a cell can't start anything.
ENTRYPOINT ["runnel"]
CMD ["serve"]
