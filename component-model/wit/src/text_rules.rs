//! What a model reads must hold nothing that a person does not see, and must not be long. Rule `TOOL-6`.

use crate::{Tool, Type, WitError};
use mpp_schema::text::hidden_character;

/// One description.
const DESCRIPTION_BYTES_MAX: usize = 1024;
/// One tool with its schemas, as JSON.
const DEFINITION_BYTES_MAX: usize = 16 * 1024;

/// Refuses hidden characters and over-long texts in everything that a model will read. Gives the bytes of the definition.
pub(crate) fn check(tool: &Tool) -> Result<usize, WitError> {
    let rules = TextRules { tool };
    rules.check_text(tool.name.as_str(), &tool.docs)?;
    for param in &tool.params {
        rules.check_text(&param.name, &param.docs)?;
        rules.check_type(&param.ty)?;
    }
    tool.result.iter().try_for_each(|ty| rules.check_type(ty))?;
    rules.check_definition()
}

struct TextRules<'a> {
    tool: &'a Tool,
}

impl TextRules<'_> {
    fn check_type(&self, ty: &Type) -> Result<(), WitError> {
        match ty {
            Type::Record(record) => {
                self.check_text("record", &record.docs)?;
                record.fields.iter().try_for_each(|field| self.check_text(&field.name, &field.docs))?;
            }
            Type::Variant(variant) => {
                self.check_text("variant", &variant.docs)?;
                variant.cases.iter().try_for_each(|case| self.check_text(&case.name, &case.docs))?;
            }
            Type::Enum(it) => {
                self.check_text("enum", &it.docs)?;
                it.cases.iter().try_for_each(|label| self.check_text(&label.name, &label.docs))?;
            }
            Type::Flags(it) => {
                self.check_text("flags", &it.docs)?;
                it.flags.iter().try_for_each(|label| self.check_text(&label.name, &label.docs))?;
            }
            _ => {}
        }
        ty.children().into_iter().try_for_each(|child| self.check_type(child))
    }

    fn check_text(&self, place: &str, text: &str) -> Result<(), WitError> {
        if let Some(hidden) = hidden_character(text) {
            return Err(self.refuse(place, format!("holds the hidden character U+{:04X}", hidden as u32)));
        }
        if text.len() > DESCRIPTION_BYTES_MAX {
            let problem = format!("has {} bytes, expected at most {DESCRIPTION_BYTES_MAX}", text.len());
            return Err(self.refuse(place, problem));
        }
        Ok(())
    }

    fn check_definition(&self) -> Result<usize, WitError> {
        let bytes = serde_json::to_vec(&self.tool.definition()).map_or(usize::MAX, |json| json.len());
        if bytes > DEFINITION_BYTES_MAX {
            let problem = format!("and its schemas have {bytes} bytes, expected at most {DEFINITION_BYTES_MAX}");
            return Err(self.refuse(self.tool.name.as_str(), problem));
        }
        Ok(bytes)
    }

    fn refuse(&self, place: &str, problem: String) -> WitError {
        WitError::Text { tool: self.tool.name.to_string(), place: place.to_owned(), problem }
    }
}
