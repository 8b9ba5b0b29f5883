//! Bodies: what the tool sends is counted as it leaves, and what it is sent comes through a channel that its task fills.

use super::account::{Account, header_bytes};
use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use wasmtime_wasi_http::{Error, WasiBody};

/// A body of a request, counted.
pub(super) struct Counted {
    body: WasiBody,
    /// Nothing when it was counted before.
    account: Option<Arc<Account>>,
}

impl Counted {
    pub(super) fn new(body: WasiBody, account: Arc<Account>) -> Self {
        Self { body, account: Some(account) }
    }

    /// A body that was counted when it was collected.
    pub(super) fn before(body: WasiBody) -> Self {
        Self { body, account: None }
    }
}

/// Bytes of a piece of a body.
pub(super) fn frame_bytes(frame: &Frame<Bytes>) -> usize {
    frame.data_ref().map_or_else(|| frame.trailers_ref().map_or(0, header_bytes), |data| data.remaining())
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let Poll::Ready(Some(Ok(frame))) = polled else { return polled };
        let Some(account) = &self.account else { return Poll::Ready(Some(Ok(frame))) };
        Poll::Ready(Some(match account.up(frame_bytes(&frame)) {
            Ok(()) => Ok(frame),
            Err(failure) => Err(account.told(failure)),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A piece of a response; the end is said, so that a task that was lost is not taken for it.
pub(super) enum Piece {
    Frame(Frame<Bytes>),
    Failed(Error),
    End,
}

/// A body of a response, as its task receives it. It holds a turn of the call until it is read or dropped.
pub(super) struct Received {
    pieces: mpsc::Receiver<Piece>,
    turn: Option<OwnedSemaphorePermit>,
}

impl Received {
    pub(super) fn new(pieces: mpsc::Receiver<Piece>, turn: OwnedSemaphorePermit) -> Self {
        Self { pieces, turn: Some(turn) }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.turn.is_none() {
            return Poll::Ready(None);
        }
        let piece = match self.pieces.poll_recv(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(piece) => piece.unwrap_or(Piece::Failed(Error::HttpResponseIncomplete)),
        };
        if !matches!(piece, Piece::Frame(_)) {
            self.turn = None;
        }
        Poll::Ready(match piece {
            Piece::Frame(frame) => Some(Ok(frame)),
            Piece::Failed(error) => Some(Err(error)),
            Piece::End => None,
        })
    }
}
