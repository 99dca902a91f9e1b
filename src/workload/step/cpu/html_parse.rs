//! `html-parse`: splits a page into tokens; a state machine with a branch per byte.

use std::sync::LazyLock;

use html5gum::{Token, Tokenizer};

use crate::workload::step::cpu::data::{Sequence, chain};
use crate::workload::step::cpu::iterate::Iterate;

/// Pages to choose from, about 2.5 KiB each.
const PAGES: usize = 16;

/// Articles on a page.
const ARTICLES: usize = 8;

pub(super) static HTML_PARSE: LazyLock<HtmlParse> = LazyLock::new(HtmlParse::generate);

/// Pages such as a news site serves.
#[derive(Debug)]
pub(super) struct HtmlParse {
    pages: Vec<String>,
}

impl HtmlParse {
    fn generate() -> Self {
        let mut data = Sequence::new(6);
        HtmlParse { pages: (0..PAGES).map(|_| page(&mut data)).collect() }
    }
}

fn page(data: &mut Sequence) -> String {
    let title = data.sentence();
    let articles: String = (0..ARTICLES).map(|_| article(data)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n<!-- generated -->\n{articles}</body>\n</html>\n"
    )
}

fn article(data: &mut Sequence) -> String {
    let (id, heading, next) = (data.below(100_000), data.word(), data.below(100_000));
    format!(
        "<article id=\"a{id}\" class=\"card wide\">\n<h2>{heading} &amp; {}</h2>\n<p>{} {}</p>\n\
         <a href=\"/page/{next}?from={id}&amp;sort=new\" rel=next>{}</a><br/>\n</article>\n",
        data.word(),
        data.sentence(),
        data.sentence(),
        data.word(),
    )
}

/// Returns a number that depends on the kind and length of a token.
fn weigh(token: &Token) -> u64 {
    let (kind, length) = match token {
        Token::StartTag(tag) => {
            let attributes = tag.attributes.iter().map(|(name, value)| name.len() + value.len());
            (1, tag.name.len() + attributes.sum::<usize>())
        }
        Token::EndTag(tag) => (2, tag.name.len()),
        Token::String(text) => (3, text.len()),
        Token::Comment(text) => (4, text.len()),
        Token::Doctype(doctype) => (5, doctype.name.len()),
        Token::Error(_) => (6, 0),
    };
    kind << 32 | length as u64
}

fn tokens(page: &str) -> impl Iterator<Item = Token> {
    Tokenizer::new(page).map(|token| match token {
        Ok(token) => token,
        Err(never) => match never {},
    })
}

impl Iterate for HtmlParse {
    fn iterate(&self, input: u64) -> u64 {
        let page = &self.pages[(input % PAGES as u64) as usize];
        tokens(page).fold(input, |found, token| chain(found, weigh(std::hint::black_box(&token))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_well_formed_and_of_about_the_same_length() {
        for page in &HTML_PARSE.pages {
            assert!((2000..3500).contains(&page.len()), "{} bytes", page.len());
            assert!(!tokens(page).any(|token| matches!(token, Token::Error(_))));
        }
    }

    #[test]
    fn every_article_is_found() {
        let is_article = |token: &Token| matches!(token, Token::StartTag(tag) if *tag.name == *b"article");
        assert_eq!(tokens(&HTML_PARSE.pages[0]).filter(is_article).count(), ARTICLES);
    }
}
