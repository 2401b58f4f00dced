//! One request's way: what it means, a place, a process, a head, an answer.
//!
//! ```text
//! length ─▶ environment ─▶ queue ─▶ process ─▶ head ─┬─ response ─▶ its body: at once if all is there, or streaming
//!   411        400, 404      503      500, 503       └─ another path ─▶ once more
//! ```
//!
//! Whatever is refused before the process is refused without one.

use std::{future::poll_fn, sync::Arc, task::Poll};

use bytes::Bytes;
use enfilade_core::Rejection;
use http::{
    Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    request,
    uri::PathAndQuery,
};
use http_body::Body;

use crate::{
    BoxError, CgiBody,
    entity::Entity,
    head::{Answer, Block, HeadFault, Kind, ScriptHead, parse},
    process, reason,
    redirect::{self, Turns, follow},
    run::{Input, More, Run},
    service::Settings,
};

/// Answers a request.
pub(crate) async fn serve<B>(settings: Arc<Settings>, request: Request<B>) -> Response<CgiBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (head, body) = request.into_parts();
    let answered = match Entity::of(&head.headers, body, settings.without_length).await {
        Ok(entity) => turns(&settings, head, entity).await,
        Err(rejection) => Err(rejection),
    };
    answered.unwrap_or_else(Rejection::into_response)
}

async fn turns(
    settings: &Settings,
    mut head: request::Parts,
    mut entity: Entity,
) -> Result<Response<CgiBody>, Rejection> {
    let Turns(mut turns) = head.extensions.get().copied().unwrap_or_default();
    loop {
        let to = match turn(settings, &head, std::mem::take(&mut entity)).await? {
            Turn::Response(response) => return Ok(response),
            Turn::Local(to) => to,
        };
        turns += 1;
        if turns > redirect::MOST {
            return Err(reason::script("cgi.redirect-loop", format!("the last one to {to}")));
        }
        let own = enfilade_core::gateway::decode(to.path())
            .is_some_and(|path| settings.site.path_info(&path).is_some());
        let elsewhere = format!("to {to}");
        head = follow(head, to)?;
        if !own {
            let Some(service) = &settings.elsewhere else {
                return Err(reason::script("cgi.redirect-elsewhere", elsewhere));
            };
            head.extensions.insert(Turns(turns));
            return Ok(service.serve(head).await);
        }
    }
}

enum Turn {
    Response(Response<CgiBody>),
    Local(PathAndQuery),
}

async fn turn(settings: &Settings, head: &request::Parts, entity: Entity) -> Result<Turn, Rejection> {
    let variables = settings.site.variables(head, entity.length)?;
    let place = settings.queue.enter().await?;
    let started = process::start(&settings.site.script, &variables, &settings.limits, entity.feed.is_some())?;
    drop(variables);
    let (script, stdin, stdout) = settings.watcher.hold(started, settings.name.clone(), place);
    let input = entity.feed.zip(stdin).map(|(feed, pipe)| Input::new(feed, entity.length, pipe));
    let mut run = Box::new(Run::new(input, stdout, script, settings.max_silence, settings.watcher.linger));
    let said = block(&mut run, settings.max_head).await?;
    match parse(&said, settings.kind)? {
        Answer::Local(to) => {
            run.complete();
            Ok(Turn::Local(to))
        }
        Answer::Response(answer) => {
            respond(run, answer, &head.method, settings.kind).await.map(Turn::Response)
        }
    }
}

/// Waits for the script's header block.
async fn block(run: &mut Run, most: usize) -> Result<Bytes, Rejection> {
    let mut block = Block::default();
    loop {
        let said = block.take(&mut run.output);
        if said.as_ref().map_or(run.output.len(), Bytes::len) > most {
            return Err(HeadFault::TooLarge.into());
        }
        if let Some(said) = said {
            return Ok(said);
        }
        if poll_fn(|cx| run.poll_more(cx)).await? == More::End {
            let fault = if run.output.is_empty() { HeadFault::NoAnswer } else { HeadFault::Incomplete };
            let exit = run.exit().map_or(String::new(), |status| format!(" ({status})"));
            return Err(reason::script(fault.code(), format!("{fault}{exit}")));
        }
    }
}

async fn respond(
    mut run: Box<Run>,
    answer: ScriptHead,
    method: &Method,
    kind: Kind,
) -> Result<Response<CgiBody>, Rejection> {
    let ScriptHead { status, headers, length } = answer;
    let mut response = Response::new(CgiBody::default());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let empty = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    if empty {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    if empty || *method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
        // RFC 3875 §4.3.3: a body that a script sends all the same is thrown away.
        run.complete();
        return Ok(response);
    }
    let typed = kind == Kind::NonParsed || response.headers().contains_key(CONTENT_TYPE);
    if !typed && length != Some(0) {
        let ended = run.output.is_empty() && poll_fn(|cx| run.poll_more(cx)).await? == More::End;
        if !ended {
            return Err(HeadFault::Untyped.into());
        }
        if length.is_none() {
            run.complete();
            return Ok(response);
        }
    }
    let whole = poll_fn(|cx| Poll::Ready(run.poll_whole(cx))).await;
    *response.body_mut() = if whole && length.is_none_or(|length| length == run.output.len() as u64) {
        CgiBody::whole(run)
    } else {
        run.watch()?;
        CgiBody::script(run, length)
    };
    Ok(response)
}
