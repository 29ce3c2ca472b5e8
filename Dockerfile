# One file, two images:
#   docker build --target operator .
#   docker build --target member --build-arg ETCD_VERSION=3.7.3 .
# `make docker-images` builds both; `make images` builds the same without Docker.
ARG GO_VERSION=1.26

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS source
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api/ api/
COPY cmd/ cmd/
COPY controllers/ controllers/
COPY internal/ internal/
ARG TARGETOS=linux
ARG TARGETARCH=amd64
ARG VERSION=v0.0.0-dev
ENV CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} GOFLAGS=-buildvcs=false
ENV LDFLAGS="-s -w -X github.com/quorate/quorate/internal/version.Version=${VERSION}"

FROM source AS build-operator
RUN go build -trimpath -ldflags "${LDFLAGS}" -o /out/operator ./cmd/operator

FROM source AS build-member
ARG ETCD_VERSION
# The tag promises an etcd release: refuse to build another one under it.
RUN test -z "${ETCD_VERSION}" -o "v${ETCD_VERSION}" = "$(go list -m -f '{{.Version}}' go.etcd.io/etcd/server/v3)" \
 || { echo "go.mod embeds another etcd than ETCD_VERSION=${ETCD_VERSION}" >&2; exit 1; }
RUN go build -trimpath -ldflags "${LDFLAGS}" -o /out/member ./cmd/member

# Static, without a shell. The user is numeric: runAsNonRoot cannot check a name.
FROM gcr.io/distroless/static-debian12:nonroot AS operator
COPY --from=build-operator /out/operator /operator
USER 65532:65532
ENTRYPOINT ["/operator"]

FROM gcr.io/distroless/static-debian12:nonroot AS member
COPY --from=build-member /out/member /member
USER 65532:65532
ENTRYPOINT ["/member"]
