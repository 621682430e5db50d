-- What a running generation has written so far: rows are only ever added, so that storing costs what the text costs.
-- Offsets are UTF-16 code units, as on the wire; length() would count code points, so the worker says where a piece ends.
create table relay.chunks (
  stream_id text not null references relay.generations (stream_id) on delete cascade,
  start_at integer not null,
  end_at integer not null,
  content text not null,
  primary key (stream_id, start_at),

  constraint chunks_begin_inside_the_text check (start_at >= 0),
  constraint chunks_are_not_empty check (end_at > start_at and content <> '')
);

alter table relay.chunks enable row level security;
revoke all on table relay.chunks from public, anon, authenticated;
grant select, insert, update, delete on table relay.chunks to service_role;

comment on table relay.chunks is 'The text of running generations, a piece for each beat; gone once the message is stored.';
comment on column relay.chunks.start_at is 'Offset of the first UTF-16 code unit.';
comment on column relay.chunks.end_at is 'Offset after the last UTF-16 code unit: where the next piece starts.';

alter table relay.generations
  add column text_units integer not null default 0,
  add constraint generations_text_units_are_not_negative check (text_units >= 0);

comment on column relay.generations.text_units is 'UTF-16 code units that the beats have brought so far.';

create function relay.text_of(stream_id text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(string_agg(c.content, '' order by c.start_at), '')
    from relay.chunks c
    where c.stream_id = text_of.stream_id
  );
end;
$$;

comment on function relay.text_of(text) is 'All that the beats have brought of a running generation.';
revoke all on function relay.text_of(text) from public, anon, authenticated;
grant execute on function relay.text_of(text) to service_role;
