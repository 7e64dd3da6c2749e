//! Many documents at once: what a call, a thread and a lock cost is paid once for all of them.

use super::PatternSet;
use crate::alphabet::Text;
use crate::error::ScanError;
use crate::memory;
use crate::scan::Scan;
use crate::stop::Stop;
use crate::workers::side_by_side;

/// Characters that one thread takes at a time: half a millisecond.
const PORTION: usize = 1 << 16;

/// Portions from which threads are worth it: on a busy machine one waits milliseconds for a thread that
/// then finds nothing left to do.
const MANY: usize = 4;

impl PatternSet {
    /// As [`PatternSet::scan`] for each of many documents, on all processors if they are long together.
    ///
    /// # Errors
    /// [`ScanError`], the first one.
    pub fn scan_many(&self, texts: &[Text<'_>], stop: &Stop) -> Result<Vec<Scan>, ScanError> {
        self.each(texts, |text| self.scan_until(text, stop))
    }

    /// As [`Scan::ids`] for each of many documents, which are not kept.
    ///
    /// # Errors
    /// [`ScanError`], the first one.
    pub fn ids_many(&self, texts: &[Text<'_>], stop: &Stop) -> Result<Vec<Ids>, ScanError> {
        self.each(texts, |text| Ok(self.scan_until(text, stop)?.ids(self)))
    }

    fn each<T: Send + Sync>(
        &self,
        texts: &[Text<'_>],
        job: impl Fn(Text<'_>) -> Result<T, ScanError> + Sync,
    ) -> Result<Vec<T>, ScanError> {
        let mut portions: Vec<&[Text<'_>]> = Vec::new();
        let mut rest = texts;
        while !rest.is_empty() {
            let mut characters = 0;
            let portion = rest.iter().take_while(|text| {
                let is_part = characters < PORTION;
                characters += text.len();
                is_part
            });
            let (portion, others) = rest.split_at(portion.count());
            memory::push(&mut portions, portion);
            rest = others;
        }
        if portions.len() < MANY {
            portions = vec![texts];
        }
        let done = side_by_side(&portions, |portion| {
            let mut answers = memory::with_capacity(portion.len());
            for &text in *portion {
                answers.push(job(text)?);
            }
            Ok(answers)
        })?;
        let mut all = memory::with_capacity(texts.len());
        done.into_iter().for_each(|answers| all.extend(answers));
        Ok(all)
    }
}

/// The patterns that match, and those for which `re` has to be asked; both ascending.
pub type Ids = (Vec<u32>, Vec<u32>);
