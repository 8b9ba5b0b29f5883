//! The envelope: its one accepted text, what is signed, and the only road from a text to a payload that counts.

use super::{DsseError, MessageKey, MessagePublicKey};
use crate::{
    key::verify_strict,
    limits::{MESSAGE_BYTES_MAX, PAYLOAD_TYPE_BYTES_MAX},
    strict_json,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mpp_schema::MessageKeyId;
use serde::{Deserialize, Serialize};

/// The fields of an envelope in their order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Fields {
    payload_type: String,
    payload: String,
    signatures: Vec<SignatureFields>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureFields {
    keyid: MessageKeyId,
    sig: String,
}

/// An envelope in the accepted form. Nothing in it is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    key: MessageKeyId,
    signature: [u8; 64],
}

/// A payload whose signature holds, with the key that signed it. Made by [`Envelope::verify`] and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedMessage {
    payload: Vec<u8>,
    key: MessagePublicKey,
}

impl VerifiedMessage {
    /// The exact bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
    /// The key that signed them.
    pub fn key(&self) -> &MessagePublicKey {
        &self.key
    }
}

impl Envelope {
    pub(super) fn sign(payload_type: &str, payload: &[u8], key: &MessageKey) -> Result<Self, DsseError> {
        let signature = key.sign(&pre_authentication_encoding(payload_type, payload));
        let key = key.public().id();
        let envelope = Self { payload_type: payload_type.to_owned(), payload: payload.to_vec(), key, signature };
        // What this writes, it must also read.
        Self::read(envelope.to_text().as_bytes())
    }

    /// Reads the one accepted form (SIG-51): what [`Envelope::to_text`] writes, byte for byte.
    ///
    /// # Errors
    /// [`DsseError::Malformed`], [`DsseError::Unsigned`] or [`DsseError::Limit`].
    pub fn read(text: &[u8]) -> Result<Self, DsseError> {
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(DsseError::Limit { limit: MESSAGE_BYTES_MAX, found: text.len() });
        }
        let fields = "an object of `payloadType`, `payload` and `signatures`";
        let malformed = |error: serde_json::Error| DsseError::Malformed { expected: fields, found: error.to_string() };
        let document = strict_json::read(text).map_err(malformed)?;
        let fields: Fields = serde_json::from_value(document).map_err(malformed)?;
        let envelope = Self::from_fields(fields)?;
        if envelope.to_text().as_bytes() != text {
            let expected = "the fields in their order, without spaces between them";
            return Err(DsseError::Malformed { expected, found: "another spelling".to_owned() });
        }
        Ok(envelope)
    }

    fn from_fields(fields: Fields) -> Result<Self, DsseError> {
        let [signature] = fields.signatures.as_slice() else {
            let found = fields.signatures.len();
            let several = DsseError::Malformed { expected: "one signature", found: found.to_string() };
            return Err(if found == 0 { DsseError::Unsigned } else { several });
        };
        check_type(&fields.payload_type)?;
        let decode = |text: &str, expected| {
            STANDARD.decode(text).map_err(|_| DsseError::Malformed { expected, found: "other text".to_owned() })
        };
        let bytes = decode(&signature.sig, "the canonical base64 of a signature")?;
        let found = bytes.len();
        let signature_bytes = bytes.try_into().map_err(|_| DsseError::Malformed {
            expected: "a signature of 64 bytes",
            found: format!("{found} bytes"),
        })?;
        let payload = decode(&fields.payload, "the canonical base64 of a payload")?;
        Ok(Self { payload_type: fields.payload_type, payload, key: signature.keyid, signature: signature_bytes })
    }

    /// The text of the envelope: one line of JSON, without a line feed.
    pub fn to_text(&self) -> String {
        let (kind, payload) = (&self.payload_type, STANDARD.encode(&self.payload));
        let (key, signature) = (self.key, STANDARD.encode(self.signature));
        format!(
            r#"{{"payloadType":"{kind}","payload":"{payload}","signatures":[{{"keyid":"{key}","sig":"{signature}"}}]}}"#
        )
    }

    /// The key that the envelope claims to be by. Proves nothing; finds the key to ask.
    pub fn key_id(&self) -> MessageKeyId {
        self.key
    }

    /// The payload, if it is a message of the type `payload_type` by `key` (SIG-53, SIG-54).
    ///
    /// # Errors
    /// [`DsseError::OtherKey`], [`DsseError::Type`] or [`DsseError::Invalid`].
    pub fn verify(self, payload_type: &str, key: &MessagePublicKey) -> Result<VerifiedMessage, DsseError> {
        if self.key != key.id() {
            return Err(DsseError::OtherKey { expected: key.id(), found: self.key });
        }
        let signed = pre_authentication_encoding(&self.payload_type, &self.payload);
        if !verify_strict(key.as_bytes(), &signed, &self.signature) {
            return Err(DsseError::Invalid { key: self.key });
        }
        if self.payload_type != payload_type {
            return Err(DsseError::Type { expected: payload_type.to_owned(), found: self.payload_type });
        }
        Ok(VerifiedMessage { payload: self.payload, key: *key })
    }
}

/// A media type in visible ASCII that needs no escape in JSON.
fn check_type(payload_type: &str) -> Result<(), DsseError> {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    let sound = (1..=PAYLOAD_TYPE_BYTES_MAX).contains(&payload_type.len()) && payload_type.bytes().all(plain);
    if sound {
        return Ok(());
    }
    Err(DsseError::Malformed { expected: "a media type of at most 128 bytes", found: payload_type.to_owned() })
}

/// What is signed (PAE of the DSSE protocol): `DSSEv1`, then the type and the payload, each with its length before it, so that the bytes of
/// one never read as the bytes of the other.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend(payload);
    bytes
}
