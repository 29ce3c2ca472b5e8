# One file, three images:
#   docker build --target operator .
#   docker build --target member --build-arg ETCD_VERSION=3.7.3 .
#   docker build --target backup .
# `make docker-images` builds all; `make images` builds the same without Docker.
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

FROM source AS build-backup
RUN go build -trimpath -ldflags "${LDFLAGS}" -o /out/backup ./cmd/backup

# Any etcd release of a line that hack/etcd has a go.mod for, or of the root's.
FROM source AS build-member
COPY hack/etcd/ hack/etcd/
ARG ETCD_VERSION=3.7.3
RUN hack/etcd/build.sh "${ETCD_VERSION}" /out/member -trimpath -ldflags "${LDFLAGS}"

# Static, without a shell. The user is numeric: runAsNonRoot cannot check a name.
FROM gcr.io/distroless/static-debian12:nonroot AS operator
COPY --from=build-operator /out/operator /operator
USER 65532:65532
ENTRYPOINT ["/operator"]

FROM gcr.io/distroless/static-debian12:nonroot AS member
COPY --from=build-member /out/member /member
USER 65532:65532
ENTRYPOINT ["/member"]

# The base has the public certificate authorities, which stores in the cloud need.
FROM gcr.io/distroless/static-debian12:nonroot AS backup
COPY --from=build-backup /out/backup /backup
USER 65532:65532
ENTRYPOINT ["/backup"]
