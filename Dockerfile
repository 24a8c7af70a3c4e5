# The binary, the root certificates, and nothing else; not root.
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/fipsim ./cmd/fipsim

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/fipsim /fipsim
USER 65532:65532
ENTRYPOINT ["/fipsim"]
CMD ["check"]
