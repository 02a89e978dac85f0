//! The one place that prints: results to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

/// Prints as the command line asked for.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
    quiet: bool,
}

impl Printer {
    /// A printer of JSON or of text, that says things beside the result or not.
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether results are printed as JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether bars may be drawn.
    pub fn may_draw(self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Prints a result: `document` as JSON, or `text`.
    pub fn result(self, document: &impl Serialize, text: impl FnOnce() -> String) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, document)?;
            writeln!(out)?;
        } else {
            let text = text();
            out.write_all(text.as_bytes())?;
            if !text.ends_with('\n') && !text.is_empty() {
                writeln!(out)?;
            }
        }
        out.flush()
    }

    /// Says something beside the result, on stderr.
    pub fn say(self, words: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{words}");
        }
    }

    /// Says an error, with its causes that add something, on stderr; and on stdout as JSON if that is wanted.
    pub fn error(self, error: &anyhow::Error) {
        let mut words = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            if !words.contains(&cause) {
                words.push_str(": ");
                words.push_str(&cause);
            }
        }
        if self.json {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{}", serde_json::json!({ "error": words }));
        }
        // Several problems stand a line each, each with its place at the beginning.
        let gap = if words.trim_end().contains('\n') { "\n" } else { " " };
        let _ = writeln!(std::io::stderr().lock(), "avling:{gap}{words}");
    }
}
