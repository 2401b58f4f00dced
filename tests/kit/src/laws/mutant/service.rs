//! The one service of all mutants: right, save for the line that its mutant gets wrong.
//!
//! ```text
//! poll_ready ─▶ call ─▶ [ refuse? ] ─▶ [ read? rebuild? ] ─▶ inner call ─▶ [ poll wrongly? ] ─▶ [ rebuild? ] ─▶ answer
//! ```

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    mem, panic,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    Mutant,
    body::{Keeps, MutantBody},
    turn::{Turn, Turnstile},
};
use crate::{ProbeBody, ProbeError, ProbeService, Trace, probe::ProbeFuture};

type BoxError = Box<dyn Error + Send + Sync>;
type Answered = Result<Response<MutantBody>, BoxError>;

/// A [`Mutant`] with the state that its services share.
#[derive(Clone)]
#[must_use]
pub struct MutantLayer {
    mutant: Mutant,
    shared: Arc<Shared>,
}

/// What must not be shared, or not like that.
#[derive(Default)]
struct Shared {
    count: AtomicUsize,
    hoard: Mutex<Vec<ProbeService>>,
    afterlife: Mutex<Vec<ProbeFuture>>,
    lock: Mutex<()>,
    turnstile: Turnstile,
}

/// The service of a [`Mutant`].
#[derive(Clone)]
#[must_use]
pub struct MutantService {
    mutant: Mutant,
    shared: Arc<Shared>,
    inner: Option<ProbeService>,
}

impl MutantLayer {
    pub(super) fn new(mutant: Mutant) -> Self {
        Self { mutant, shared: Arc::default() }
    }

    /// How many requests [`Mutant::LeaksItsCount`] believes to be on their way.
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }
}

impl Layer<ProbeService> for MutantLayer {
    type Service = MutantService;

    fn layer(&self, inner: ProbeService) -> MutantService {
        MutantService { mutant: self.mutant, shared: self.shared.clone(), inner: Some(inner) }
    }
}

impl MutantService {
    fn inner(&mut self) -> &mut ProbeService {
        self.inner.as_mut().expect("it is taken by `drop` alone")
    }

    /// The instance that is ready; a fresh one stays behind.
    fn take_ready(&mut self) -> ProbeService {
        let fresh = self.inner().clone();
        mem::replace(self.inner(), fresh)
    }

    fn refuses(&self, request: &Request<ProbeBody>) -> bool {
        self.mutant.refuses() && !request.headers().contains_key("x-key")
    }
}

impl Service<Request<ProbeBody>> for MutantService {
    type Response = Response<MutantBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answered>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let mutant = self.mutant;
        let ready = Service::<Request<ProbeBody>>::poll_ready(self.inner(), cx);
        ready.map_err(|error| mutant.error(error))
    }

    fn call(&mut self, request: Request<ProbeBody>) -> Self::Future {
        let (mutant, shared) = (self.mutant, self.shared.clone());
        let refuses = self.refuses(&request);
        if refuses && mutant == Mutant::KeepsThePermit {
            return Box::pin(async { Ok(refusal()) });
        }
        let mut inner = match mutant {
            Mutant::CallsAFreshClone => self.inner().clone(),
            _ => self.take_ready(),
        };
        match mutant {
            Mutant::OneAtATime | Mutant::ReadsTheBodyFirst => Box::pin(async move {
                let (_turn, request) = match mutant {
                    Mutant::OneAtATime => (Some(Turn::take(&shared.turnstile).await), request),
                    _ => (None, read(request).await?),
                };
                mutant.response(inner.call(request).await)
            }),
            Mutant::CallsTwice => {
                let again = request.clone();
                let first = inner.call(request);
                Box::pin(async move {
                    let response = first.await?;
                    poll_fn(|cx| Service::<Request<ProbeBody>>::poll_ready(&mut inner, cx)).await?;
                    inner.call(again).await?;
                    mutant.response(Ok(response))
                })
            }
            Mutant::CollectsTheResponse => {
                let answer = inner.call(request);
                Box::pin(async move { collect(answer.await?).await })
            }
            _ => {
                let guard = (mutant == Mutant::PoisonsItsLock).then(|| {
                    shared
                        .lock
                        .lock()
                        .unwrap_or_else(|_| panic::resume_unwind(Box::new("the lock is poisoned")))
                });
                let request = match mutant {
                    Mutant::RebuildsTheRequest => rebuild_request(request),
                    Mutant::ForgetsTheQuery => without_query(request),
                    _ => request,
                };
                let answer = if mutant == Mutant::SwallowsTheBreak {
                    inner.call(request.map(|body| MutantBody::new(body, Keeps::Good)))
                } else {
                    inner.call(request)
                };
                drop(guard);
                Box::pin(async move {
                    let answered = Polled::new(answer, mutant, shared).await;
                    if refuses { Ok(refusal()) } else { mutant.response(answered) }
                })
            }
        }
    }
}

impl Drop for MutantService {
    fn drop(&mut self) {
        let inner = self.inner.take().filter(|_| self.mutant == Mutant::HoardsReadiness);
        self.shared.hoard.lock().unwrap_or_else(PoisonError::into_inner).extend(inner);
    }
}

/// The inner answer, polled as the mutant polls it.
struct Polled {
    answer: Option<ProbeFuture>,
    mutant: Mutant,
    shared: Arc<Shared>,
    first: Option<Waker>,
}

impl Polled {
    fn new(answer: ProbeFuture, mutant: Mutant, shared: Arc<Shared>) -> Self {
        if mutant == Mutant::LeaksItsCount {
            shared.count.fetch_add(1, Ordering::SeqCst);
        }
        Self { answer: Some(answer), mutant, shared, first: None }
    }
}

impl Future for Polled {
    type Output = Result<Response<ProbeBody>, ProbeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { answer, mutant, shared, first } = &mut *self;
        let answer = answer.as_mut().expect("it is taken by `drop` alone");
        let first = first.get_or_insert_with(|| cx.waker().clone());
        let poll = match mutant {
            Mutant::KeepsTheFirstWaker => Pin::new(&mut *answer).poll(&mut Context::from_waker(first)),
            _ => Pin::new(&mut *answer).poll(cx),
        };
        match (*mutant, &poll) {
            (Mutant::WakesItself, Poll::Pending) => cx.waker().wake_by_ref(),
            (Mutant::PollsOnceMore, Poll::Ready(_)) => drop(Pin::new(answer).poll(cx)),
            (Mutant::LeaksItsCount, Poll::Ready(_)) => drop(shared.count.fetch_sub(1, Ordering::SeqCst)),
            _ => {}
        }
        poll
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        let answer = self.answer.take().filter(|_| self.mutant == Mutant::LetsTheAnswerLiveOn);
        self.shared.afterlife.lock().unwrap_or_else(PoisonError::into_inner).extend(answer);
    }
}

impl Mutant {
    fn error(self, error: ProbeError) -> BoxError {
        if self == Self::ForgetsTheError { error.to_string().into() } else { error.into() }
    }

    fn response(self, answered: Result<Response<ProbeBody>, ProbeError>) -> Answered {
        let response = match answered {
            Err(_) if self == Self::AnswersForTheError => {
                return Ok(status(StatusCode::INTERNAL_SERVER_ERROR));
            }
            answered => answered.map_err(|error| self.error(error))?,
        };
        let keeps = match self {
            Self::DropsTrailers => Keeps::Data,
            Self::ForgetsTheSize => Keeps::Frames,
            Self::SleepsThroughTrailers => Keeps::FirstWakers,
            _ => Keeps::All,
        };
        let response = match self {
            Self::RebuildsTheResponse => rebuild_response(response),
            Self::CountsTheLength => count_length(response),
            _ => response,
        };
        Ok(response.map(|body| MutantBody::new(body, keeps)))
    }
}

async fn read(request: Request<ProbeBody>) -> Result<Request<ProbeBody>, ProbeError> {
    let (head, body) = request.into_parts();
    Ok(Request::from_parts(head, again(Trace::read(body).await)?))
}

async fn collect(response: Response<ProbeBody>) -> Answered {
    let (head, body) = response.into_parts();
    let whole = Trace::read(body).await;
    whole.1?;
    Ok(Response::from_parts(head, MutantBody::new(whole.0.data().into(), Keeps::All)))
}

/// A body of the frames that were read.
fn again((trace, end): (Trace, Result<(), ProbeError>)) -> Result<ProbeBody, ProbeError> {
    end?;
    let body = trace.frames().into_iter().fold(ProbeBody::new(), ProbeBody::data);
    let trailers = trace.trailers().into_iter().flatten();
    Ok(trailers
        .fold(body, |body, (name, value)| body.trailer(name.as_str(), value.to_str().unwrap_or_default())))
}

fn rebuild_request(request: Request<ProbeBody>) -> Request<ProbeBody> {
    let (head, body) = request.into_parts();
    let mut rebuilt = Request::new(body);
    *rebuilt.method_mut() = head.method;
    *rebuilt.uri_mut() = head.uri;
    *rebuilt.headers_mut() = head.headers;
    rebuilt
}

fn without_query<B>(mut request: Request<B>) -> Request<B> {
    *request.uri_mut() = Uri::try_from(request.uri().path()).expect("the path of a target is a target");
    request
}

fn rebuild_response(response: Response<ProbeBody>) -> Response<ProbeBody> {
    let (head, body) = response.into_parts();
    let mut headers = HeaderMap::new();
    for (name, value) in &head.headers {
        headers.insert(name, value.clone());
    }
    let mut rebuilt = Response::new(body);
    *rebuilt.status_mut() = head.status;
    *rebuilt.headers_mut() = headers;
    rebuilt
}

fn count_length(mut response: Response<ProbeBody>) -> Response<ProbeBody> {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

fn refusal() -> Response<MutantBody> {
    status(StatusCode::FORBIDDEN)
}

fn status(status: StatusCode) -> Response<MutantBody> {
    let mut response = Response::new(MutantBody::new(ProbeBody::new(), Keeps::All));
    *response.status_mut() = status;
    response
}

impl fmt::Debug for MutantLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MutantLayer").field(&self.mutant).finish()
    }
}

impl fmt::Debug for MutantService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MutantService").field(&self.mutant).finish()
    }
}
