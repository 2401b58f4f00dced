//! When an app is polled, and what that leaves of the connection's read buffer.

use std::{
    convert::Infallible,
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use enfilade_server::{Limits, RequestBody};
use http::{Request, Response};
use http_body_util::Full;
use tokio::{io::AsyncWriteExt, time::sleep};
use tower::service_fn;

use crate::kit::{connect, curt, hear, say};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn an_app_that_answers_at_once_leaves_hyper_its_read_buffer() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut client = runtime.block_on(async {
        let mut client = connect(Limits::default(), service_fn(curt));
        // The first request of a connection is left to hyper, and with it the first buffer.
        for _ in 0..2 {
            say(&mut client, GET).await;
        }
        client
    });
    let counted = allocation_counter::measure(|| {
        for _ in 0..32 {
            assert_eq!(runtime.block_on(say(&mut client, GET)).statuses(), [200]);
        }
    });
    assert!(counted.bytes_total < 32 * 4096, "{counted:?}");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_waits_is_polled_once_and_once_for_each_time_that_it_is_woken() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let app = service_fn(move |_: Request<RequestBody>| {
        let polls = counted.clone();
        let mut woken = false;
        poll_fn(move |cx| {
            polls.fetch_add(1, Relaxed);
            if std::mem::replace(&mut woken, true) {
                return Poll::Ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("late"))));
            }
            let waker = cx.waker().clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(50)).await;
                waker.wake();
            });
            Poll::Pending
        })
    });
    let mut client = connect(Limits::default(), app);
    for request in 1..=3 {
        let heard = say(&mut client, GET).await;
        assert_eq!((heard.statuses(), polls.load(Relaxed)), (vec![200], 2 * request), "{}", heard.text);
    }
}

/// One behind the other, until the pipe is full and an answer waits for its client: the next request is there already.
#[tokio::test(start_paused = true)]
async fn an_app_that_is_woken_while_the_answer_before_waits_for_its_client_is_asked_again() {
    const MANY: usize = 400;
    let app = service_fn(async |_: Request<RequestBody>| {
        sleep(Duration::from_millis(1)).await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(vec![b'x'; 4000])))
    });
    let mut client = connect(Limits::default(), app);
    client.write_all(&GET.repeat(MANY)).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    let heard = hear(&mut client, Duration::from_secs(1)).await;
    assert_eq!(heard.statuses().len(), MANY);
}
