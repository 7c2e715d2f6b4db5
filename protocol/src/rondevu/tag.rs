//! What the offers of HEAD are found by.

use std::{collections::HashSet, fmt};

use serde_json::Value;

use super::{label::is_label, shared_text::shared_text, text};

shared_text!(
    /// 1 to 64 of `[a-z0-9.-]`, with a letter or digit at both ends.
    Tag
);

/// Why a value is no [`Tag`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagError {
    NotText,
    Empty,
    TooLong,
    /// One character, and not one of `[a-z0-9]`: the original has a text of its own for it.
    Character,
    Format,
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "Tag must be a string",
            Self::Empty => "Tag must be at least 1 character",
            Self::TooLong => "Tag must be at most 64 characters",
            Self::Character => "Tag must be lowercase alphanumeric",
            Self::Format => {
                "Tag must be lowercase alphanumeric with optional dots/dashes, and start/end with alphanumeric"
            }
        })
    }
}

impl std::error::Error for TagError {}

impl Tag {
    /// # Errors
    /// The first that is wrong: the length in UTF-16 units, then the characters.
    pub fn parse(text: &str) -> Result<Self, TagError> {
        match text::units(text) {
            0 => Err(TagError::Empty),
            65.. => Err(TagError::TooLong),
            _ if is_label(text) => Ok(Self(text.into())),
            1 => Err(TagError::Character),
            _ => Err(TagError::Format),
        }
    }
}

/// Why a value is no list of tags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagsError {
    NotArray,
    Empty,
    /// More than that many.
    TooMany(usize),
    /// The tag of that number, counted from 1.
    Tag(usize, TagError),
    Duplicate,
}

impl fmt::Display for TagsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotArray => f.write_str("Tags must be an array"),
            Self::Empty => f.write_str("At least one tag is required"),
            Self::TooMany(max) => write!(f, "Maximum {max} tags allowed"),
            Self::Tag(number, error) => write!(f, "Tag {number}: {error}"),
            Self::Duplicate => f.write_str("Duplicate tags are not allowed"),
        }
    }
}

impl std::error::Error for TagsError {}

/// The `tags` of a request: at least one, at most `max`, none twice. `None` where the request has no such member.
///
/// # Errors
/// The first that is wrong: the list itself, then its tags from first to last, then duplicates.
pub fn tags(value: Option<&Value>, max: usize) -> Result<Vec<Tag>, TagsError> {
    let values = value.and_then(Value::as_array).ok_or(TagsError::NotArray)?;
    if values.is_empty() {
        return Err(TagsError::Empty);
    }
    if values.len() > max {
        return Err(TagsError::TooMany(max));
    }
    let tag = |(value, number): (&Value, usize)| {
        let tag = value.as_str().ok_or(TagError::NotText).and_then(Tag::parse);
        tag.map_err(|error| TagsError::Tag(number, error))
    };
    let tags = values.iter().zip(1..).map(tag).collect::<Result<Vec<_>, _>>()?;
    if tags.iter().collect::<HashSet<_>>().len() < tags.len() {
        return Err(TagsError::Duplicate);
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const FORMAT: &str =
        "Tag 2: Tag must be lowercase alphanumeric with optional dots/dashes, and start/end with alphanumeric";

    fn error(value: &Value) -> String {
        tags(Some(value), 20).expect_err("no tags").to_string()
    }

    #[test]
    fn tags_keep_their_order() {
        let value = json!(["chat", "eu", "a", "7", "com.example", "a--b", "t".repeat(64)]);
        let texts: Vec<_> = tags(Some(&value), 20).expect("tags").iter().map(|tag| json!(tag)).collect();
        assert_eq!(json!(texts), value);
    }

    #[test]
    fn the_list_is_checked_first() {
        assert_eq!(tags(None, 20), Err(TagsError::NotArray));
        for value in [json!(null), json!("chat"), json!({"0": "chat"}), json!(1)] {
            assert_eq!(error(&value), "Tags must be an array");
        }
        assert_eq!(error(&json!([])), "At least one tag is required");
        assert_eq!(error(&json!(vec!["A"; 21])), "Maximum 20 tags allowed");
        assert_eq!(tags(Some(&json!(["a", "b", "c"])), 2), Err(TagsError::TooMany(2)));
    }

    #[test]
    fn a_tag_of_one_character_has_a_text_of_its_own() {
        for tag in ["A", "-", ".", " ", "é"] {
            assert_eq!(error(&json!([tag])), "Tag 1: Tag must be lowercase alphanumeric", "{tag}");
        }
    }

    #[test]
    fn a_longer_tag_that_is_wrong_is_named_by_its_number() {
        for tag in ["Bad", "-a", "a-", "a_b", "a b", "😀", "ab\n"] {
            assert_eq!(error(&json!(["ok", tag])), FORMAT, "{tag:?}");
        }
        assert_eq!(error(&json!(["t".repeat(65)])), "Tag 1: Tag must be at most 64 characters");
        assert_eq!(error(&json!(["ok", ""])), "Tag 2: Tag must be at least 1 character");
        for value in [json!(5), json!(null), json!(["a"]), json!({})] {
            assert_eq!(error(&json!(["a", "b", value])), "Tag 3: Tag must be a string");
        }
    }

    #[test]
    fn a_wrong_tag_comes_before_a_duplicate() {
        assert_eq!(error(&json!(["a", "a"])), "Duplicate tags are not allowed");
        assert_eq!(error(&json!(["a", "a", "B"])), "Tag 3: Tag must be lowercase alphanumeric");
    }

    proptest! {
        #[test]
        fn a_tag_is_what_the_originals_pattern_matches(tag in "[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?") {
            prop_assert!(Tag::parse(&tag).is_ok());
        }
    }
}
