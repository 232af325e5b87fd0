#!/bin/bash
#
# docker/demo/film.sh DIR: makes a silent film of 24 seconds in DIR, by ffmpeg,
# if it is not there yet: parts of two seconds in fMP4, listed for HLS
# (film.m3u8) and for DASH (film.mpd).

set -eu

dir=$1

if [ -e "$dir/film.m3u8" ]; then
    exit 0
fi

command -v ffmpeg > /dev/null || {
    echo "demo: no ffmpeg here to make the film" >&2
    exit 1
}

# made aside: another one may be at it

mkdir -p "$(dirname "$dir")"
new=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$new"' EXIT

life=s=160x90:r=12:seed=5:ratio=0.1:mold=8
life=$life:life_color=#f2cc8f:death_color=#e07a5f:mold_color=#1d3557

cd "$new"
ffmpeg -v error -nostdin -f lavfi -t 24 \
    -i "life=$life,scale=640:360:flags=neighbor,format=yuv420p" \
    -c:v libx264 -preset veryfast -crf 30 -profile:v baseline -level 3.0 \
    -g 24 -keyint_min 24 -sc_threshold 0 \
    -f dash -seg_duration 2 -use_timeline 0 -hls_playlist 1 \
    -hls_master_name film.m3u8 \
    -init_seg_name init.mp4 -media_seg_name 'part-$Number%02d$.m4s' film.mpd

chmod 755 .
cd - > /dev/null
mv -T "$new" "$dir" 2> /dev/null || [ -e "$dir/film.m3u8" ]
