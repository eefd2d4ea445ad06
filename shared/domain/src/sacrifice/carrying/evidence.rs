//! Photos and videos of a slaughter: which are taken, and how large they may be.

use serde::{Deserialize, Serialize};

use crate::id::{EvidenceId, SlaughterhouseId};
use crate::purpose::codes;

/// The most bytes of a photo: a telephone's largest is half of it.
pub const MOST_PHOTO_BYTES: u64 = 20 * 1024 * 1024;
/// The most bytes of a video: two minutes as telephones film.
pub const MOST_VIDEO_BYTES: u64 = 200 * 1024 * 1024;

codes!(
    /// What evidence is.
    Medium, "kind of evidence" {
        /// A photo.
        Photo = 0 "photo",
        /// A video.
        Video = 1 "video",
    }
);

impl Medium {
    /// The most bytes of one.
    pub const fn most_bytes(self) -> u64 {
        match self {
            Medium::Photo => MOST_PHOTO_BYTES,
            Medium::Video => MOST_VIDEO_BYTES,
        }
    }
}

codes!(
    /// The types of evidence: what telephones make, and any browser or app shows.
    MediaType, "type of evidence" {
        /// A photo.
        Jpeg = 0 "image/jpeg",
        /// A photo.
        Png = 1 "image/png",
        /// A photo.
        Webp = 2 "image/webp",
        /// A photo, as Apple's telephones make it.
        Heic = 3 "image/heic",
        /// A video.
        Mp4 = 4 "video/mp4",
        /// A video, as Apple's telephones make it.
        Quicktime = 5 "video/quicktime",
    }
);

impl MediaType {
    /// Whether it is a photo's or a video's.
    pub const fn medium(self) -> Medium {
        match self {
            MediaType::Jpeg | MediaType::Png | MediaType::Webp | MediaType::Heic => Medium::Photo,
            MediaType::Mp4 | MediaType::Quicktime => Medium::Video,
        }
    }

    /// How a file of the type ends, behind the dot.
    pub const fn ending(self) -> &'static str {
        match self {
            MediaType::Jpeg => "jpg",
            MediaType::Png => "png",
            MediaType::Webp => "webp",
            MediaType::Heic => "heic",
            MediaType::Mp4 => "mp4",
            MediaType::Quicktime => "mov",
        }
    }
}

/// Evidence that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// Its type, as the bucket has it.
    pub media_type: MediaType,
    /// The bucket's tag of its bytes when it was told: other bytes in its place have another. None of what was told before tags were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Evidence {
    /// Whether what the bucket has now under this tag is what was told.
    pub fn is_still(&self, etag: Option<&str>) -> bool {
        self.etag.is_none() || self.etag.as_deref() == etag
    }

    /// What a person's device calls it.
    pub fn file(&self) -> String {
        format!("{}.{}", self.id, self.media_type.ending())
    }
}

/// Where in the bucket evidence stands.
pub fn key(slaughterhouse: &SlaughterhouseId, id: &EvidenceId) -> String {
    format!("evidence/{slaughterhouse}/{id}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_photo_is_up_to_twenty_mebibytes_and_a_video_ten_times_as_large() {
        assert_eq!(Medium::Photo.most_bytes(), 20_971_520);
        assert_eq!(Medium::Video.most_bytes(), 10 * Medium::Photo.most_bytes());
    }

    #[test]
    fn a_file_is_called_by_its_id_and_ends_as_devices_know_it() {
        let id: EvidenceId = "0123456789abcdef".repeat(2).parse().unwrap();
        let file = |media_type: &MediaType| Evidence { id: id.clone(), media_type: *media_type, etag: None }.file();
        let endings = ["jpg", "png", "webp", "heic", "mp4", "mov"];
        assert_eq!(MediaType::ALL.iter().map(file).collect::<Vec<_>>(), endings.map(|ending| format!("{id}.{ending}")));
        // In the bucket it has no ending: its type stands beside it.
        assert_eq!(key(&"makkah-1".parse().unwrap(), &id), format!("evidence/makkah-1/{id}"));
    }

    #[test]
    fn every_type_is_a_photos_or_a_videos() {
        let of = |medium| MediaType::ALL.iter().filter(move |kind| kind.medium() == medium).map(|kind| kind.code());
        assert!(of(Medium::Photo).all(|code| code.starts_with("image/")) && of(Medium::Photo).count() == 4);
        assert!(of(Medium::Video).all(|code| code.starts_with("video/")) && of(Medium::Video).count() == 2);
        assert!("image/svg+xml".parse::<MediaType>().is_err(), "a drawing may carry a script");
    }
}
