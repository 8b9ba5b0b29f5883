//! The values that go into and come out of a tool, in the shape of its types. No JSON and no engine in here.

/// A value of some [`Type`](crate::Type). What it means is known only beside its type.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the primitive types say their own names")]
pub enum Value {
    Bool(bool),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    S8(i8),
    S16(i16),
    S32(i32),
    S64(i64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    /// `list<u8>`.
    Bytes(Vec<u8>),
    /// Any other list.
    List(Vec<Value>),
    Option(Option<Box<Value>>),
    /// A `result`, whose sides may carry nothing.
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    Tuple(Vec<Value>),
    /// Fields in declared order.
    Record(Vec<Value>),
    /// A case by its position.
    Variant {
        case: u32,
        payload: Option<Box<Value>>,
    },
    /// A case by its position.
    Enum(u32),
    /// One per declared flag.
    Flags(Vec<bool>),
}

impl Value {
    /// How many items the longest list in it has; bytes are none.
    pub fn longest_list(&self) -> usize {
        let longest = |values: &[Self]| values.iter().map(Self::longest_list).max().unwrap_or_default();
        match self {
            Self::List(values) => values.len().max(longest(values)),
            Self::Tuple(values) | Self::Record(values) => longest(values),
            Self::Option(Some(value))
            | Self::Result(Ok(Some(value)) | Err(Some(value)))
            | Self::Variant { payload: Some(value), .. } => value.longest_list(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn the_longest_list_is_found_wherever_it_is() {
        let list = |count| Value::List(vec![Value::Bool(true); count]);
        let record = Value::Record(vec![Value::Bytes(vec![0; 99]), Value::Option(Some(Box::new(list(3))))]);
        assert_eq!(Value::List(vec![list(2), record.clone()]).longest_list(), 3);
        assert_eq!(Value::Result(Err(Some(Box::new(list(5))))).longest_list(), 5);
        assert_eq!(Value::Bytes(vec![0; 99]).longest_list(), 0);
    }
}
