//! What goes over the socket between two processes of one user: frames of a length and a message, each bounded before it is read.

use crate::core::ClientId;
use crate::error::{KvError, Refusal};
use crate::quota::Quota;
use crate::request::{Answer, BYTES_AT_ONCE, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// The version of the messages. Another one is refused: then both processes wait for each other's turn at the folder itself.
pub(crate) const PROTOCOL: u32 = 1;

/// Bytes of one message: what one request may carry, and room around it.
pub(crate) const FRAME_BYTES_MAX: usize = BYTES_AT_ONCE + (1 << 20);

/// The first message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    pub(crate) client: ClientId,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) number: u64,
    pub(crate) quota: Quota,
    pub(crate) request: Request,
}

/// What comes back.
pub(crate) type Reply = Result<Answer, Trouble>;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trouble {
    Refused(Refusal),
    Failed(String),
}

impl From<KvError> for Trouble {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Refused(refusal) => Self::Refused(refusal),
            KvError::Io { ref source, .. } => Self::Failed(format!("{error}: {source}")),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<Trouble> for KvError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(refusal) => Self::Refused(refusal),
            Trouble::Failed(message) => Self::Holder(message),
        }
    }
}

/// A message with its length before it; nothing when it is too long.
pub(crate) fn encode<T: Serialize>(message: &T) -> Option<Vec<u8>> {
    let mut frame = postcard::to_extend(message, vec![0; 4]).ok()?;
    let length = frame.len() - 4;
    if length > FRAME_BYTES_MAX {
        return None;
    }
    frame[..4].copy_from_slice(&u32::try_from(length).ok()?.to_le_bytes());
    Some(frame)
}

/// The message in the bytes of a frame: all of them, and nothing else.
pub(crate) fn decode<T: DeserializeOwned>(frame: &[u8]) -> io::Result<T> {
    let strange = || io::Error::new(io::ErrorKind::InvalidData, "not a message of this protocol");
    let (message, rest) = postcard::take_from_bytes(frame).map_err(|_| strange())?;
    if rest.is_empty() { Ok(message) } else { Err(strange()) }
}

/// Sends one message.
pub(crate) fn send<T: Serialize>(stream: &mut impl Write, message: &T) -> io::Result<()> {
    let frame =
        encode(message).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the message is too long"))?;
    stream.write_all(&frame)
}

/// Receives one message. Memory is taken as bytes come, not as the length promises.
pub(crate) fn receive<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let mut frame = Vec::with_capacity(length.min(64 << 10));
    stream.take(length as u64).read_to_end(&mut frame)?;
    if frame.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    decode(&frame)
}

#[cfg(test)]
mod tests {
    use super::{FRAME_BYTES_MAX, Hello, PROTOCOL, Question, Reply, Trouble, decode, encode, receive};
    use crate::error::Refusal;
    use crate::quota::Quota;
    use crate::request::{Answer, Change, KeyPage, Request, Step};
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = String> {
        "[a-zé]{0,8}"
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..40)
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![(key(), bytes()).prop_map(|(key, value)| Change::Set(key, value)), key().prop_map(Change::Delete)]
    }

    fn request() -> impl Strategy<Value = Request> {
        let step = prop_oneof![any::<u64>().prop_map(Step::Unsigned), any::<i64>().prop_map(Step::Signed)];
        prop_oneof![
            proptest::collection::vec(key(), 0..4).prop_map(Request::Get),
            key().prop_map(Request::Exists),
            proptest::option::of(key()).prop_map(|after| Request::Keys { after }),
            proptest::collection::vec(change(), 0..4).prop_map(Request::Write),
            (key(), step).prop_map(|(key, step)| Request::Increment(key, step)),
            (key(), proptest::option::of(bytes()), bytes()).prop_map(|(key, expected, value)| Request::Swap {
                key,
                expected: expected.map(Into::into),
                value: value.into()
            }),
            Just(Request::Usage),
            Just(Request::Clear),
            Just(Request::Sync),
            Just(Request::Leave),
        ]
    }

    fn reply() -> impl Strategy<Value = Reply> {
        let value = proptest::option::of(bytes().prop_map(Into::into));
        prop_oneof![
            proptest::collection::vec(value, 0..4).prop_map(|values| Ok(Answer::Values(values))),
            any::<i128>().prop_map(|number| Ok(Answer::Number(number))),
            proptest::collection::vec(key(), 0..4).prop_map(|keys| Ok(Answer::Keys(KeyPage { keys, more: true }))),
            any::<u64>().prop_map(|found| Err(Trouble::Refused(Refusal::Key { found }))),
            key().prop_map(|text| Err(Trouble::Failed(text))),
        ]
    }

    proptest! {
        #[test]
        fn questions_come_as_they_went(number: u64, request in request()) {
            let question = Question { number, quota: Quota::default(), request };
            let frame = encode(&question).expect("short");
            prop_assert_eq!(receive::<Question>(&mut frame.as_slice()).expect("a question"), question);
        }

        #[test]
        fn replies_come_as_they_went(reply in reply()) {
            let frame = encode(&reply).expect("short");
            prop_assert_eq!(receive::<Reply>(&mut frame.as_slice()).expect("a reply"), reply);
        }

        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            // What is accepted is exactly a message: encoding it again decodes to the same.
            if let Ok(question) = decode::<Question>(&bytes) {
                prop_assert_eq!(decode::<Question>(&encode(&question).expect("short")[4..]).expect("its own"), question);
            }
            let _ = decode::<Reply>(&bytes);
            let _ = receive::<Hello>(&mut bytes.as_slice());
        }

        #[test]
        fn a_message_cut_short_or_with_a_byte_more_is_refused(request in request(), cut in 1usize..20) {
            let frame = encode(&Question { number: 1, quota: Quota::default(), request }).expect("short");
            let kept = frame.len().saturating_sub(cut);
            prop_assert!(receive::<Question>(&mut &frame[..kept]).is_err());
            prop_assert!(decode::<Question>(&[&frame[4..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_before_anything_is_read() {
        let lie = u32::try_from(FRAME_BYTES_MAX + 1).expect("fits").to_le_bytes();
        assert!(receive::<Hello>(&mut lie.as_slice()).is_err());
        let too_long = Request::Exists("x".repeat(FRAME_BYTES_MAX));
        assert!(encode(&too_long).is_none());
        let hello = Hello { protocol: PROTOCOL, client: [7; 16] };
        assert_eq!(receive::<Hello>(&mut encode(&hello).expect("short").as_slice()).expect("a hello"), hello);
    }
}
