//! Ed25519 keys that sign for the RPC wires: messages of usernames, and requests over canonical JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;
use uuid::Builder;

#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// The key whose seed is this byte, 32 times.
    pub fn of(byte: u8) -> Self {
        Self(SigningKey::from_bytes(&[byte; 32]))
    }

    pub fn from_seed_hex(digits: &str) -> Self {
        let seed: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits"))
            .collect();
        Self(SigningKey::from_bytes(&seed.try_into().expect("a seed has 32 bytes")))
    }

    pub fn public_base64(&self) -> String {
        STANDARD.encode(self.0.verifying_key().as_bytes())
    }

    pub fn public_hex(&self) -> String {
        self.0.verifying_key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Standard base64 of the signature over the text's UTF-8 bytes.
    pub fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.0.sign(text.as_bytes()).to_bytes())
    }
}

/// JSON without spaces, with the keys of every object sorted by their UTF-16 code units.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            let fields =
                fields.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

/// What the newest RPC signs.
pub fn signed_text(timestamp: i64, nonce: &str, method: &str, params: &Value) -> String {
    format!("{timestamp}:{nonce}:{method}:{}", canonical(params))
}

/// A nonce that was never used.
pub fn fresh_nonce() -> String {
    Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}
