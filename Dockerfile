# Plangate's workers and command in one image: `docker build -t plangate .`, `docker run plangate doctor`.
# Every package is checked against the hashes of the lock files; the image holds no tools of development.

FROM python:3.12.13-slim@sha256:229a2c5bfa27522db7815ea81f9bed70af17ccb9de9fc7ad142b1877b5830d36 AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /src
COPY scripts/uv.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r uv.lock
COPY pyproject.toml requirements.lock ./
RUN uv venv --python /usr/local/bin/python3 /opt/plangate && \
    uv pip install --no-cache --python /opt/plangate/bin/python --require-hashes --constraints requirements.lock -r pyproject.toml --group image
RUN uv venv --python /usr/local/bin/python3 /opt/cyclonedx && \
    uv pip install --no-cache --python /opt/cyclonedx/bin/python --require-hashes --constraints requirements.lock --group sbom
COPY README.md LICENSE THIRD_PARTY_NOTICES ./
COPY licences licences
COPY schemas schemas
COPY examples examples
COPY gate_events gate_events
COPY gate_policy gate_policy
COPY gate_store gate_store
COPY stream_apps stream_apps
COPY producers producers
COPY plangate plangate
RUN uv build --no-cache --wheel --require-hashes --build-constraints requirements.lock --out-dir /dist && \
    uv pip install --no-cache --python /opt/plangate/bin/python --no-deps /dist/*.whl && \
    /opt/cyclonedx/bin/cyclonedx-py environment /opt/plangate/bin/python --pyproject pyproject.toml \
    --output-reproducible --output-file /opt/plangate/sbom.cdx.json

FROM python:3.12.13-slim@sha256:229a2c5bfa27522db7815ea81f9bed70af17ccb9de9fc7ad142b1877b5830d36
RUN useradd --system --uid 10001 --no-create-home plangate && \
    install --directory --owner plangate /var/lib/plangate /project
COPY --from=build /opt/plangate /opt/plangate
ENV PATH=/opt/plangate/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Mount your project at /project: catalogue.yaml, langgraph.json and the graphs that it names.
ENV PLANGATE_CATALOGUE=/project/catalogue.yaml PLANGATE_GRAPHS=/project/langgraph.json
USER plangate
# What workers write goes here.
WORKDIR /var/lib/plangate
HEALTHCHECK --interval=30s --timeout=20s --start-period=30s CMD plangate doctor --setup || [ $? -eq 2 ]
# Process 1 takes in what lost its parent, and passes signals on to the supervisor alone.
ENTRYPOINT ["dumb-init", "--single-child", "--", "plangate"]
CMD ["worker"]
