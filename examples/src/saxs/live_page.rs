//! A page that shows an integration while it runs: `live.html` beside the pictures.
//!
//! It is written anew with the pictures, and reloads itself as long as the job runs. A browser
//! shows it as a file: there is no server and no network.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use super::pictures::{Pictures, Presentation};
use super::preview::Preview;
use crate::whole_file::write_whole;

/// The page; what is in braces is filled in.
const PAGE: &str = include_str!("live.html");

/// What has the page reload itself.
const RELOAD: &str = include_str!("live_reload.html");

/// The page `live.html` in the folder of the results.
#[derive(Debug)]
pub struct LivePage {
    folder: PathBuf,
    every: Duration,
    title: String,
    /// How far the frames were at the last look.
    counts: Counts,
    elapsed: Duration,
    /// When the pictures were drawn, in milliseconds since 1970; `None` if they were not.
    drawn: Option<u128>,
    has_failed: bool,
}

/// Numbers of frames.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    finished: usize,
    failed: usize,
    all: usize,
}

/// Whether the job runs.
enum State<'a> {
    Runs,
    Ended,
    Failed(&'a str),
}

impl LivePage {
    /// The name of the file.
    pub const FILE: &'static str = "live.html";

    /// Makes the folder and the page, as yet without pictures, which reloads itself at this
    /// interval.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn begin(folder: &Path, every: Duration, title: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        let page = LivePage {
            folder: folder.to_owned(),
            every,
            title: title.to_owned(),
            counts: Counts::default(),
            elapsed: Duration::ZERO,
            drawn: None,
            has_failed: false,
        };
        page.write(State::Runs)?;
        Ok(page)
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(LivePage::FILE)
    }

    /// Says that the job has ended, with an error if there is one: the page reloads itself no
    /// more. The last pictures are to be in the folder.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn end(mut self, error: Option<&str>) -> anyhow::Result<()> {
        match error {
            Some(error) => self.write(State::Failed(error)),
            None => {
                self.drawn = Some(now());
                self.write(State::Ended)
            }
        }
    }

    /// Draws the finished frames, and writes the page.
    fn draw(
        &mut self,
        preview: &Preview<'_>,
        presentation: Presentation<'_>,
    ) -> anyhow::Result<()> {
        let Preview { num_frames, finished, failed, elapsed, .. } = *preview;
        if finished > 0 {
            let pictures = Pictures {
                presentation,
                frames: &preview.frames,
                q: preview.q.view(),
                profiles: preview.profiles.view(),
                sigma: preview.sigma.as_ref().map(|sigma| sigma.view()),
                mean_image: preview.mean_image.view(),
                num_frames: finished,
            };
            pictures.write_to(&self.folder)?;
            self.drawn = Some(now());
        }
        self.counts = Counts { finished, failed, all: num_frames };
        self.elapsed = elapsed;
        self.write(State::Runs)
    }

    fn write(&self, state: State<'_>) -> anyhow::Result<()> {
        let path = self.path();
        write_whole(&path, self.html(state))
            .with_context(|| format!("can't write the page {}", path.display()))
    }

    fn html(&self, state: State<'_>) -> String {
        let Counts { finished, failed, all } = self.counts;
        let (class, text) = match state {
            State::Runs => ("running", "The job runs.".to_owned()),
            State::Ended => {
                ("ended", "The job has ended; the pictures are the final ones.".to_owned())
            }
            State::Failed(error) => ("failed", format!("The job has failed: {error}")),
        };
        let progress = match state {
            State::Runs if all == 0 => "no frame is finished yet".to_owned(),
            State::Ended if all == 0 => "all was done before the first look".to_owned(),
            State::Failed(_) if all == 0 => "no frame was finished".to_owned(),
            // Nobody has looked at the last frames.
            State::Ended if failed > 0 => format!("{all} frames, of which {failed} or more failed"),
            State::Ended => format!("{all} frames"),
            _ => format!(
                "{finished} of {all} frames ({} %), {failed} failed, {:.0} s since it began",
                100 * finished / all,
                self.elapsed.as_secs_f64()
            ),
        };
        let reload = match state {
            State::Runs => self.reload(),
            _ => String::new(),
        };
        let finished = if matches!(state, State::Ended) { all.max(1) } else { finished };
        let fields = [
            ("class", class.to_owned()),
            ("finished", finished.to_string()),
            ("len", all.max(1).to_string()),
            ("reload", reload),
            ("pictures", self.pictures()),
            ("progress", progress),
            ("title", escaped(&self.title)),
            ("state", escaped(&text)),
        ];
        fields
            .iter()
            .fold(PAGE.to_owned(), |page, (name, text)| page.replace(&format!("{{{name}}}"), text))
    }

    /// The pictures, by names under which no browser knows the ones before, also of other jobs.
    fn pictures(&self) -> String {
        let Some(time) = self.drawn else { return String::new() };
        let [mean_image, profiles] = Pictures::FILES;
        format!(
            "<img src=\"{profiles}?{time}\" alt=\"Profiles of some frames\">\n\
             <img src=\"{mean_image}?{time}\" alt=\"The mean of the finished frames\">\n"
        )
    }

    fn reload(&self) -> String {
        RELOAD
            .replace("{seconds}", &format!("{:.0}", self.every.as_secs_f64().ceil()))
            .replace("{milliseconds}", &self.every.as_millis().max(1).to_string())
            .replace("{written}", &now().to_string())
    }
}

/// The time, in milliseconds since 1970.
fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// A text as HTML shows it.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Nothing of it is filled in.
    text.replace('{', "&#123;")
}

/// An integration that is shown on the page while it runs.
#[derive(Debug)]
pub struct Live<'p> {
    page: &'p mut LivePage,
    presentation: Presentation<'p>,
}

impl<'p> Live<'p> {
    /// Shows an integration in this way.
    pub fn new(page: &'p mut LivePage, presentation: Presentation<'p>) -> Self {
        Live { page, presentation }
    }

    /// How often it is to be shown.
    pub(super) fn every(&self) -> Duration {
        self.page.every
    }

    /// Shows what is finished. A page that can't be written does not end the integration.
    pub(super) fn show(&mut self, preview: &Preview<'_>) -> ControlFlow<()> {
        if let Err(error) = self.page.draw(preview, self.presentation) {
            if !self.page.has_failed {
                eprintln!("--live goes on without a picture: {error:#}");
            }
            self.page.has_failed = true;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(every: Duration) -> LivePage {
        LivePage {
            folder: PathBuf::from("out"),
            every,
            title: "Ag < Au {state}".to_owned(),
            counts: Counts { finished: 40, failed: 8, all: 300 },
            elapsed: Duration::from_secs(3),
            drawn: Some(2),
            has_failed: false,
        }
    }

    #[test]
    fn a_page_reloads_itself_until_the_end() {
        let runs = page(Duration::from_millis(1500)).html(State::Runs);
        assert!(runs.contains("40 of 300 frames (13 %), 8 failed, 3 s since it began"), "{runs}");
        assert!(runs.contains("every = 1500") && runs.contains("content=\"2\""), "{runs}");
        assert!(runs.contains("src=\"profiles.svg?2\""), "{runs}");
        assert!(runs.contains("<h1>Ag &lt; Au &#123;state}</h1>"), "{runs}");
        for state in [State::Ended, State::Failed("worker 3 is dead")] {
            let ended = page(Duration::from_secs(1)).html(state);
            assert!(!ended.contains("reload()") && !ended.contains("refresh"), "{ended}");
        }
        let ended = page(Duration::from_secs(1)).html(State::Ended);
        assert!(ended.contains("value=\"300\" max=\"300\""), "{ended}");
        assert!(ended.contains("300 frames, of which 8 or more failed"), "{ended}");
        let failed = page(Duration::from_secs(1)).html(State::Failed("worker 3 is dead"));
        assert!(failed.contains("The job has failed: worker 3 is dead"), "{failed}");
    }
}
