//! `frames-survive`: the response's frames, trailers, size hint, end and error come out as they were.
//!
//! ```text
//! [ one · two · trailers ]  [ empty, and says so ]  [ one · error ] ──▶ the same, step by step
//! ```
//!
//! **Why.** The server writes `content-length` from `size_hint`, sends no body at all for one that says that it is at
//! its end, and gRPC's verdict is a trailer. A body that breaks off must break off outside too, or half an answer
//! looks whole.
//!
//! **How it is broken.** A body wrapper with `poll_frame` alone: the defaults of `size_hint` and `is_end_stream` are
//! *unknown* and *no*. `into_data_stream`, which drops trailers. `collect`, which waits for the end of a stream that
//! may have none.
//!
//! **How to keep it.** Forward all three methods. A layer whose purpose is another body (compression) is asked here
//! without what makes it change one.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::DropsTrailers).check();
//! assert_eq!(report.broken(), [Law::FramesSurvive]);
//! ```

use std::future::poll_fn;

use super::{
    bell::until,
    case::{Case, Checked, Subject},
};
use crate::{Answer, Latch, Probe, ProbeBody, Trace};

pub(super) async fn check(subject: &Subject) -> Checked {
    let bodies = [
        ProbeBody::new(),
        ProbeBody::from("whole"),
        ProbeBody::new().data("one").data("two").trailer("x-sum", "6"),
        ProbeBody::new().data("one").error("cut off"),
        ProbeBody::new().data("one").data("two").error("cut off"),
        ProbeBody::new().trailer("grpc-status", "0"),
    ];
    for body in bodies {
        comes_out(subject, body).await?;
    }
    first_frame_before_the_last_is_there(subject).await
}

async fn comes_out(subject: &Subject, body: ProbeBody) -> Checked {
    let (expected, _) = Trace::read(body.clone()).await;
    let case = Case::new(subject, Probe::ok().respond(Answer::ok().body(body)));
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did(format!("the probe answers with the body {expected}"));
    let request = case.request("");
    let flight = case.call(&mut a, request);
    let body = case.response(flight).await?.into_body();
    let mut reading = Box::pin(Trace::read(body));
    let read = until(|cx| reading.as_mut().poll(cx)).await;
    let (found, _) =
        read.ok_or_else(|| case.broken(format!("the body {expected}"), "pending, and nothing wakes it"))?;
    case.expect(found == expected, &format!("the body {expected}"), || found.to_string())
}

/// A stream is passed on as it comes, not when it has ended.
async fn first_frame_before_the_last_is_there(subject: &Subject) -> Checked {
    let latch = Latch::shut();
    let script = ProbeBody::new().data("first").wait(&latch).data("last");
    let case = Case::new(subject, Probe::ok().respond(Answer::ok().body(script)));
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did("the probe answers with one frame, and holds the second back");
    let request = case.request("");
    let flight = case.call(&mut a, request);
    let mut stream = case.response(flight).await?.into_body();
    let mut reading = Box::pin(poll_fn(|cx| stream.as_mut().poll_frame(cx)));
    let arrived = until(|cx| reading.as_mut().poll(cx)).await.is_some();
    case.expect(arrived, "the first frame", || "pending, and nothing wakes it".to_owned())
}
