//! Traces, for an operator who collects them: each run is a span, and what it does one after the other are spans below it.
//! Sent in batches by OTLP over HTTP from a thread of the SDK's own; a collector that is slow or away costs spans, never a
//! run. Side floor: made at the start, passed down. Without `telemetry.endpoint` a run's trace is a null pointer.

use crate::config;
use crate::job::{Job, Owner, TraceParent};
use crate::judge::test::TestStatus;
use crate::judge::{self, Verdict};
use async_trait::async_trait;
use bytes::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Compression, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;

/// Tests of a run that have spans; a collector wants no ten thousand of them.
const TESTS: usize = 64;
/// For a batch on its way, and for the last one.
const TIMEOUT: Duration = Duration::from_secs(5);

pub struct Telemetry(Option<Exporting>);

struct Exporting {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    join: bool,
}

/// What a run is doing; each of them is a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Queue,
    Prepare,
    Execute,
    Judge,
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Prepare => "prepare",
            Self::Execute => "execute",
            Self::Judge => "judge",
        }
    }
}

/// The spans of one run, from its acceptance to its end. Dropped before that, it was cancelled: its client is gone.
pub(crate) struct Trace(Option<Box<Spans>>);

struct Spans {
    tracer: SdkTracer,
    run: Context,
    phase: Phase,
    /// The span of `phase`.
    open: Context,
    tests: usize,
}

impl Telemetry {
    pub fn off() -> Self {
        Self(None)
    }

    /// Needs the runtime: connections live there.
    pub fn start(config: &config::Telemetry, runtime: Handle) -> anyhow::Result<Self> {
        if config.endpoint.is_empty() {
            return Ok(Self::off());
        }
        let endpoint = format!("{}/v1/traces", config.endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(endpoint.clone(), runtime)?)
            .with_endpoint(endpoint)
            .with_compression(Compression::Gzip)
            .with_timeout(TIMEOUT)
            .build()?;
        let named = std::env::var_os("OTEL_SERVICE_NAME").is_some();
        let about = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let about = if named { about } else { about.with_service_name("runnel") };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample))))
            .with_resource(about.build())
            .build();
        let tracer = provider.tracer("runnel");
        Ok(Self(Some(Exporting { provider, tracer, join: config.join })))
    }

    /// Sends what was not sent yet.
    pub async fn stop(&self) {
        let Some(Exporting { provider, .. }) = &self.0 else { return };
        let provider = provider.clone();
        let last = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(TIMEOUT)).await;
        if let Ok(Err(fault)) = last {
            tracing::warn!("the last traces were not sent: {fault}");
        }
    }

    /// Begins with the queue, however short it is.
    pub(crate) fn trace(&self, run: u64, job: &Job) -> Trace {
        let Some(Exporting { tracer, join, .. }) = &self.0 else { return Trace(None) };
        let caller =
            job.trace.filter(|_| *join).map_or_else(Context::new, |parent| Context::new().with_remote_span_context(remote(parent)));
        let mut about = vec![
            KeyValue::new("runnel.run", i64::try_from(run).unwrap_or(i64::MAX)),
            KeyValue::new("runnel.id", job.id.clone()),
            KeyValue::new("runnel.language", job.toolchain.name.clone()),
            KeyValue::new("runnel.engine", job.toolchain.kind.engine()),
        ];
        if let Owner::Token(name) = &job.owner {
            about.push(KeyValue::new("runnel.client", name.to_string()));
        }
        let span = tracer.span_builder("run").with_attributes(about).start_with_context(tracer, &caller);
        if !span.is_recording() {
            return Trace(None);
        }
        let run = Context::new().with_span(span);
        let open = begin(tracer, Phase::Queue, &run);
        Trace(Some(Box::new(Spans { tracer: tracer.clone(), run, phase: Phase::Queue, open, tests: 0 })))
    }
}

impl Trace {
    /// To find it by what is logged.
    pub(crate) fn id(&self) -> Option<String> {
        self.0.as_ref().map(|spans| spans.run.span().span_context().trace_id().to_string())
    }

    pub(crate) fn enter(&mut self, phase: Phase) {
        let Some(spans) = &mut self.0 else { return };
        if spans.phase != phase {
            spans.open.span().end();
            spans.open = begin(&spans.tracer, phase, &spans.run);
            spans.phase = phase;
        }
    }

    /// One of its tests has ended just now.
    pub(crate) fn test(&mut self, id: &str, status: TestStatus, took: Duration) {
        let Some(spans) = &mut self.0 else { return };
        spans.tests += 1;
        if spans.tests > TESTS {
            return;
        }
        let about = [KeyValue::new("runnel.test", id.to_owned()), KeyValue::new("runnel.status", status.word())];
        let now = SystemTime::now();
        let span =
            spans.tracer.span_builder(Phase::Execute.word()).with_start_time(now.checked_sub(took).unwrap_or(now)).with_attributes(about);
        span.start_with_context(&spans.tracer, &spans.open).end_with_timestamp(now);
    }

    /// A program that fails is no fault of the service: only what is ours is an error here.
    pub(crate) fn end(&mut self, verdict: &Verdict) {
        let Some(spans) = self.0.take() else { return };
        let run = spans.run.span();
        run.set_attribute(KeyValue::new("runnel.status", verdict.status.word()));
        if spans.tests > TESTS {
            run.set_attribute(KeyValue::new("runnel.tests", i64::try_from(spans.tests).unwrap_or(i64::MAX)));
        }
        if verdict.status == judge::Status::Internal {
            run.set_status(Status::error(verdict.message.clone().unwrap_or_default()));
        }
        spans.open.span().end();
        run.end();
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if let Some(spans) = self.0.take() {
            spans.open.span().end();
            spans.run.span().set_attribute(KeyValue::new("runnel.status", judge::Status::Cancelled.word()));
            spans.run.span().end();
        }
    }
}

fn begin(tracer: &SdkTracer, phase: Phase, run: &Context) -> Context {
    let span: Span = tracer.start_with_context(phase.word(), run);
    Context::new().with_span(span)
}

fn remote(TraceParent { trace, span, sampled }: TraceParent) -> SpanContext {
    let flags = TraceFlags::NOT_SAMPLED.with_sampled(sampled);
    SpanContext::new(TraceId::from_bytes(trace), SpanId::from_bytes(span), flags, true, TraceState::NONE)
}

/// The SDK's thread has no runtime: what it sends goes over ours.
#[derive(Debug)]
struct Client {
    endpoint: String,
    http: HyperClient<HttpsConnector<HttpConnector>>,
    runtime: Handle,
    /// The last batch did not arrive: it is told once.
    is_away: AtomicBool,
}

impl Client {
    fn new(endpoint: String, runtime: Handle) -> anyhow::Result<Self> {
        let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        let http = HyperClient::new(connector, TIMEOUT, None);
        Ok(Self { endpoint, http, runtime, is_away: AtomicBool::new(false) })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, batch: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move { http.send_bytes(batch).await });
        let answer = sent.await.map_err(HttpError::from).and_then(|answer| answer);
        let fault = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(fault) => Some(fault.to_string()),
        };
        let was_away = self.is_away.swap(fault.is_some(), Ordering::Relaxed);
        match fault {
            Some(fault) if !was_away => tracing::warn!("traces are lost: {} answers: {fault}", self.endpoint),
            None if was_away => tracing::warn!("traces arrive at {} again", self.endpoint),
            Some(_) | None => {}
        }
        answer
    }
}
