package door

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // OTLP asks servers to take gzip
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/otlp"
)

// rawMessage is a message's bytes: requests are walked by the parser and
// responses are a few bytes, so that no generated type is needed.
type rawMessage []byte

// rawCodec passes messages on as they are.
type rawCodec struct{}

// Name implements encoding.Codec.
func (rawCodec) Name() string { return "proto" }

// Marshal implements encoding.Codec.
func (rawCodec) Marshal(v any) ([]byte, error) {
	m, ok := v.(*rawMessage)
	if !ok {
		return nil, fmt.Errorf("grpc: can't send a %T", v)
	}
	return *m, nil
}

// Unmarshal implements encoding.Codec.
func (rawCodec) Unmarshal(data []byte, v any) error {
	m, ok := v.(*rawMessage)
	if !ok {
		return fmt.Errorf("grpc: can't receive a %T", v)
	}
	*m = append((*m)[:0], data...)
	return nil
}

// GRPC returns a server with OTLP's metrics and trace services. secure may be
// nil: then the connection is plain.
func (s *Server) GRPC(secure *tls.Config) *grpc.Server {
	options := []grpc.ServerOption{grpc.ForceServerCodec(rawCodec{}), grpc.MaxRecvMsgSize(int(s.cfg.MaxBodyBytes))}
	if secure != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(secure)))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(s.exportService("opentelemetry.proto.collector.metrics.v1.MetricsService", otlp.ParseMetrics), s)
	server.RegisterService(s.exportService("opentelemetry.proto.collector.trace.v1.TraceService", otlp.ParseTraces), s)
	return server
}

// exportService describes a service with the one method Export.
func (s *Server) exportService(name string, parse format.Parser) *grpc.ServiceDesc {
	handler := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var request rawMessage
		if err := decode(&request); err != nil {
			return nil, err
		}
		return s.export(ctx, request, parse)
	}
	return &grpc.ServiceDesc{ServiceName: name, HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Export", Handler: handler}}}
}

func (s *Server) export(ctx context.Context, request []byte, parse format.Parser) (*rawMessage, error) {
	from, err := s.grpcSender(ctx)
	if err == nil {
		err = from.spend(s.cfg.Now(), len(request))
	}
	var res result
	if err == nil {
		res, err = s.accept(ctx, from, func(opt format.Options, out *format.Out) error {
			parse(request, opt, out)
			return otlpFault(out)
		})
	}
	if err != nil {
		return nil, grpcError(err)
	}
	response := rawMessage(successProtobuf(res))
	return &response, nil
}

// grpcSender finds the sender of a call.
func (s *Server) grpcSender(ctx context.Context) (*sender, error) {
	var authorization, remote string
	var state *tls.ConnectionState
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		if v := md.Get("authorization"); len(v) > 0 {
			authorization = v[0]
		}
	}
	if p, ok := peer.FromContext(ctx); ok {
		remote = p.Addr.String()
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			state = &info.State
		}
	}
	return s.gate.enter(authorization, remote, state)
}

// grpcError turns a problem into a gRPC status; a hint to wait becomes RetryInfo,
// without which OTLP exporters drop what was refused for its rate.
func grpcError(err error) error {
	code := http.StatusInternalServerError
	var retry time.Duration
	var p *problem
	if errors.As(err, &p) {
		code, retry = p.status, p.retry
	}
	st := status.New(grpcCode(code), err.Error())
	if retry > 0 {
		if detailed, detailErr := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retry)}); detailErr == nil {
			st = detailed
		}
	}
	return st.Err()
}
