# docker build --tag gans .                     # for NVIDIA's GPUs (docker run --gpus all ...), and for any CPU
# docker build --tag gans --build-arg CPU_INDEX=<index> .   # small, for a CPU alone: an index with CPU wheels of torch and torchvision
# docker run --volume gans:/gans gans           # `make repro`; the volume keeps what it made
FROM python:3.11-slim-bookworm

# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends git make && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home gans && install --directory --owner=gans /gans
USER 1000
WORKDIR /gans
ENV MAKEFLAGS=VENV=/home/gans/venv PATH=/home/gans/venv/bin:$PATH PIP_NO_CACHE_DIR=1

# The environment without the code, so that an edit does not install it anew.
ARG CPU_INDEX
COPY --chown=1000 Makefile pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir src && PIP_EXTRA_INDEX_URL="$CPU_INDEX" make /home/gans/venv/ready
# Files of a fresh checkout may look newer than the environment.
COPY --chown=1000 . .
RUN touch /home/gans/venv/ready
CMD ["make", "repro"]
