//! Compares our GGUF reader and number formats with those of candle, an independent implementation.

use std::io::{Cursor, Read};

use candle_core::quantized::{GgmlDType, QTensor, ggml_file, gguf_file};
use candle_core::{Device, Tensor};
use theoremata_kernels::Format;
use theoremata_lm::gguf::{Gguf, Value};

const FORMATS: [(GgmlDType, Format); 13] = [
    (GgmlDType::F32, Format::F32),
    (GgmlDType::F16, Format::F16),
    (GgmlDType::BF16, Format::Bf16),
    (GgmlDType::Q4_0, Format::Q4_0),
    (GgmlDType::Q4_1, Format::Q4_1),
    (GgmlDType::Q5_0, Format::Q5_0),
    (GgmlDType::Q5_1, Format::Q5_1),
    (GgmlDType::Q8_0, Format::Q8_0),
    (GgmlDType::Q2K, Format::Q2K),
    (GgmlDType::Q3K, Format::Q3K),
    (GgmlDType::Q4K, Format::Q4K),
    (GgmlDType::Q5K, Format::Q5K),
    (GgmlDType::Q6K, Format::Q6K),
];

/// Pseudo-random numbers from a seed.
fn chance(seed: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |at: u64| {
        let mut x = (seed << 32).wrapping_add(at).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^ (x >> 31)
    })
}

/// Whether two readings of one weight agree, up to the rounding of a sum of two products, if they are numbers.
fn agree(ours: f32, theirs: f32, largest: f32) -> bool {
    ours == theirs || (ours.is_nan() && theirs.is_nan()) || (ours - theirs).abs() <= 4.0 * f32::EPSILON * largest
}

#[test]
fn every_pattern_of_bits_means_what_it_means_to_candle() {
    for (dtype, format) in FORMATS {
        for seed in 0..8 {
            let (rows, columns) = (4, 512);
            let length = format.bytes(rows, columns).expect("whole blocks");
            let bytes: Vec<u8> = chance(seed).map(|number| number as u8).take(length).collect();
            let theirs = ggml_file::qtensor_from_ggml(dtype, &bytes, vec![rows, columns], &Device::Cpu);
            let theirs = theirs.and_then(|tensor| tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>());
            let theirs = theirs.expect("it reads them");
            let mut ours = vec![0.0; rows * columns];
            format.dequantise(&bytes, &mut ours);
            // Random 16-bit scales may be infinite or NaN.
            let blocks = ours.chunks(format.block_columns()).zip(theirs.chunks(format.block_columns()));
            for (ours, theirs) in blocks {
                let largest =
                    theirs.iter().fold(0.0f32, |most, x| if x.is_finite() { most.max(x.abs()) } else { most });
                // A finite scale may lead to products that are not finite: the result then depends on the order of
                // operations.
                let finite = ours.iter().chain(theirs).all(|x| x.is_finite());
                let same = ours.iter().zip(theirs).all(|(ours, theirs)| agree(*ours, *theirs, 64.0 * largest));
                assert!(same || !finite, "{format:?}, seed {seed}: {ours:?} {theirs:?}");
            }
            assert!(theirs.iter().filter(|x| x.is_finite()).count() > theirs.len() / 2, "{format:?}");
        }
    }
}

#[test]
fn a_file_that_candle_writes_is_read_as_it_was_meant() {
    let floats: Vec<f32> =
        chance(7).map(|number| (number as f32 / u64::MAX as f32 - 0.5) * 3.0).take(3 * 768).collect();
    let tensor = Tensor::from_vec(floats, (3, 768), &Device::Cpu).expect("a tensor");
    let quantised: Vec<(String, QTensor)> = FORMATS
        .iter()
        .map(|(dtype, format)| (format!("{format:?}.weight"), QTensor::quantize(&tensor, *dtype).expect("quantised")))
        .collect();
    let metadata = [
        ("general.name", gguf_file::Value::String("théorème".to_owned())),
        ("a.number", gguf_file::Value::U32(7)),
        ("a.float", gguf_file::Value::F32(0.25)),
        (
            "a.list",
            gguf_file::Value::Array(vec![gguf_file::Value::String("x".into()), gguf_file::Value::String("".into())]),
        ),
    ];
    let mut file = Cursor::new(Vec::new());
    let metadata: Vec<(&str, &gguf_file::Value)> = metadata.iter().map(|(name, value)| (*name, value)).collect();
    let tensors: Vec<(&str, &QTensor)> = quantised.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut file, &metadata, &tensors).expect("written");
    file.set_position(0);
    let mut read = Gguf::open(file).expect("a file");
    assert_eq!(read.text("general.name").expect("a text"), "théorème");
    assert_eq!((read.size("a.number").expect("a size"), read.float("a.float").expect("a number")), (7, 0.25));
    assert_eq!(read.texts("a.list").expect("texts").iter().collect::<Vec<_>>(), ["x", ""]);
    assert!(matches!(read.entry("a.list"), Some(Value::Texts(_))));
    assert_eq!(read.tensors().count(), FORMATS.len());
    for ((name, tensor), (_, format)) in quantised.iter().zip(FORMATS) {
        let place = read.place(name).expect("the tensor");
        assert_eq!((place.format, place.bytes()), (format, format.bytes(3, 768).expect("whole blocks")), "{name}");
        let mut bytes = Vec::new();
        read.read(name).expect("it is there").read_to_end(&mut bytes).expect("all of it");
        let mut ours = vec![0.0; 3 * 768];
        format.dequantise(&bytes, &mut ours);
        let theirs = tensor.dequantize(&Device::Cpu).and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>());
        let theirs = theirs.expect("numbers");
        assert!(ours.iter().zip(&theirs).all(|(ours, theirs)| agree(*ours, *theirs, 1.0)), "{name}");
    }
}
