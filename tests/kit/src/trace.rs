//! What a body said of itself and gave, step by step: to compare two bodies, one of them under a layer.
//!
//! ```text
//! Trace:  "one" (hint 6, not at its end) · "two" (hint 3) · trailers (hint 0) · end
//! ```
//!
//! ```
//! use enfilade_test::{Probe, ProbeBody, drive};
//!
//! let probe = Probe::ok().read_bodies();
//! let body = ProbeBody::new().data("one").data("two").trailer("x-sum", "6");
//! drive(tower_layer::Identity::new(), &probe).post("/").body(body).send();
//! let seen = probe.last();
//! let trace = seen.trace().unwrap();
//! assert_eq!(trace.data(), "onetwo");
//! assert_eq!(trace.frames(), ["one", "two"]);
//! assert_eq!(trace.trailers().unwrap()["x-sum"], "6");
//! ```

use std::{fmt, future::poll_fn, pin::pin};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;

/// Every frame of a body, and what the body told before each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    moments: Vec<Moment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Moment {
    lower: u64,
    upper: Option<u64>,
    ended: bool,
    frame: Frame,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Frame {
    Data(Bytes),
    Trailers(HeaderMap),
    Error,
    End,
}

impl Trace {
    /// Reads a body to its end, or to its error.
    pub async fn read<B: Body>(body: B) -> (Self, Result<(), B::Error>) {
        let mut body = pin!(body);
        let mut moments = Vec::new();
        loop {
            let (hint, ended) = (body.size_hint(), body.is_end_stream());
            let polled = poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
            let (frame, end) = match polled {
                None => (Frame::End, Some(Ok(()))),
                Some(Err(error)) => (Frame::Error, Some(Err(error))),
                Some(Ok(frame)) => (frame.into(), None),
            };
            moments.push(Moment { lower: hint.lower(), upper: hint.upper(), ended, frame });
            if let Some(end) = end {
                return (Self { moments }, end);
            }
        }
    }

    /// All data joined.
    pub fn data(&self) -> Bytes {
        let mut frames = self.frames();
        if frames.len() == 1 {
            return frames.remove(0);
        }
        let mut whole = BytesMut::new();
        for data in frames {
            whole.extend_from_slice(&data);
        }
        whole.freeze()
    }

    /// The data frames.
    pub fn frames(&self) -> Vec<Bytes> {
        let data = self.moments.iter().filter_map(|moment| match &moment.frame {
            Frame::Data(data) => Some(data.clone()),
            _ => None,
        });
        data.collect()
    }

    /// The trailers, if any came.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.moments.iter().find_map(|moment| match &moment.frame {
            Frame::Trailers(trailers) => Some(trailers),
            _ => None,
        })
    }
}

impl<D: Buf> From<http_body::Frame<D>> for Frame {
    fn from(frame: http_body::Frame<D>) -> Self {
        match frame.into_data() {
            Ok(mut data) => Self::Data(data.copy_to_bytes(data.remaining())),
            Err(frame) => Self::Trailers(frame.into_trailers().unwrap_or_default()),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, moment) in self.moments.iter().enumerate() {
            if index > 0 {
                f.write_str(" · ")?;
            }
            write!(f, "{moment}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.frame {
            Frame::Data(data) => write!(f, "{:?}", String::from_utf8_lossy(data))?,
            Frame::Trailers(_) => f.write_str("trailers")?,
            Frame::Error => f.write_str("error")?,
            Frame::End => f.write_str("end")?,
        }
        match self.upper {
            Some(upper) if upper == self.lower => write!(f, " (hint {upper}")?,
            Some(upper) => write!(f, " (hint {}..={upper}", self.lower)?,
            None => write!(f, " (hint {}..", self.lower)?,
        }
        f.write_str(if self.ended { ", at its end)" } else { ")" })
    }
}
