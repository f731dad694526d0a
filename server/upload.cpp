#include "server/upload.hpp"

#include "server/text.hpp"

#include <array>

namespace texbuild::server {

temporary_file::~temporary_file() {
  std::error_code ignored;  // what stays is removed at the next start
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

result<void> upload_writer::begin(const part_header& header) {
  name_ = header.name;
  value_.clear();
  if (name_ != "file") {
    current_ = header.file_name ? kind::ignored : kind::field;
    return {};
  }
  if (!form_.file.path().empty())
    return error(errc::invalid_input, "there are two parts named 'file'").with_subject("file");
  current_ = kind::file;
  std::array<std::byte, 16> random{};
  random_.fill(random);
  std::string leaf;
  for (const auto b : random) leaf += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
  form_.file = temporary_file(folder_ / (leaf + ".zip"));
  out_.open(form_.file.path(), std::ios::binary | std::ios::trunc);
  if (!out_) return error(errc::unavailable, "the upload cannot be stored", form_.file.path().string());
  return {};
}

result<void> upload_writer::data(std::string_view bytes) {
  switch (current_) {
    case kind::ignored:
      return {};
    case kind::field:
      all_fields_ += bytes.size();
      if (value_.size() + bytes.size() > limits_.field_bytes || all_fields_ > limits_.all_fields_bytes)
        return error(errc::payload_too_large, "the field is too long").with_subject(valid_utf8(name_.substr(0, 100)));
      value_ += bytes;
      return {};
    case kind::file:
      file_bytes_ += bytes.size();
      if (file_bytes_ > limits_.file_bytes)
        return error(errc::payload_too_large,
                     "the file is larger than " + std::to_string(limits_.file_bytes >> 20) + " MB");
      out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      if (!out_) return error(errc::insufficient_storage, "the server's disk is full; try again later");
      return {};
  }
  return {};
}

result<void> upload_writer::end() {
  if (current_ == kind::field) form_.fields.emplace(std::move(name_), std::move(value_));
  if (current_ == kind::file) {
    out_.close();
    if (!out_) return error(errc::insufficient_storage, "the server's disk is full; try again later");
  }
  current_ = kind::ignored;
  return {};
}

result<upload_form> upload_writer::take() {
  if (form_.file.path().empty())
    return error(errc::invalid_input, "the form has no part named 'file' with the project's ZIP").with_subject("file");
  return std::move(form_);
}

}  // namespace texbuild::server
