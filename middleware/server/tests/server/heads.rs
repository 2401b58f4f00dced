//! How large a head may be, and what becomes of one head behind another; each odd one alone is asked in `tests/raw`.

use enfilade_server::Limits;

use crate::kit::{ask, connect, echo, say};

#[tokio::test(start_paused = true)]
async fn a_head_has_a_largest_size_and_a_largest_number_of_fields() {
    let small = Limits::default().with_max_header_size(2048);
    let request = |fields: usize, size: usize| {
        let field = format!("X: {}\r\n", "x".repeat(size)).repeat(fields);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n").into_bytes()
    };
    for (fields, size, status) in
        [(99, 1, 200), (100, 1, 431), (1, 1900, 200), (1, 2048, 431), (1, 100_000, 431)]
    {
        let mut client = connect(small.clone(), tower::service_fn(echo));
        let heard = say(&mut client, &request(fields, size)).await;
        assert_eq!(heard.statuses(), [status], "{fields} fields of {size} bytes");
        assert_eq!(heard.closed, status != 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_refused_once_the_buffer_is_full() {
    let mut client = connect(Limits::default(), tower::service_fn(echo));
    let heard = say(&mut client, format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(70_000)).as_bytes()).await;
    assert_eq!(heard.statuses(), [431]);
    assert!(heard.closed);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order_and_end_where_one_is_broken() {
    let heard = ask(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(heard.statuses(), [200, 200]);
    let (first, second) = (heard.text.find("<GET /1 >"), heard.text.find("<GET /2 >"));
    assert!(first < second && first.is_some() && !heard.closed, "{heard:?}");

    let heard = ask(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nX\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(heard.statuses(), [200, 400]);
    assert!(heard.closed && !heard.text.contains("/3"), "{heard:?}");

    let heard = ask(b"GET /1 HTTP/1.1\r\nHost: a@b\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(heard.statuses(), [400], "after a refusal of the strict link nothing is read");
    assert!(heard.closed && heard.text.contains("connection: close"), "{heard:?}");
}
