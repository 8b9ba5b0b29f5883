//! A guest for the host's tests and benchmarks: bytes in every place where they can stand.

wit_bindgen::generate!({ world: "bytes" });

struct Component;
export!(Component);

impl Guest for Component {
    fn direct(data: Vec<u8>) -> Vec<u8> {
        data
    }
    fn optional(data: Option<Vec<u8>>) -> Option<Vec<u8>> {
        data
    }
    fn checked(data: Vec<u8>) -> Result<Vec<u8>, String> {
        if data.is_empty() { Err("no bytes".to_owned()) } else { Ok(data) }
    }
    fn nested(files: Vec<File>) -> Vec<File> {
        files
    }
    fn in_record(file: File) -> File {
        file
    }
    fn plain(text: String) -> String {
        text
    }
    fn count(data: Vec<u8>) -> u32 {
        data.len() as u32
    }
    fn panic(data: Vec<u8>) -> Vec<u8> {
        panic!("{} bytes are too many", data.len());
    }
    fn zeros(count: u32) -> Vec<u8> {
        vec![0; count as usize]
    }
}
