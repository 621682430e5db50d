-- The text of what runs, in chunks, and the beat that adds them, renews leases and answers what was cancelled.
-- Offsets are UTF-16 code units, as on the wire; length() counts code points, so the worker says where a chunk ends.
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

comment on table relay.chunks is 'The text of running generations, one row a beat; gone once the message is stored.';

create function relay.text_of(stream_id text) returns text
language plpgsql stable set search_path = '' as $$
begin
  return coalesce(string_agg(c.content, '' order by c.start_at), '')
  from relay.chunks c where c.stream_id = text_of.stream_id;
end;
$$;
comment on function relay.text_of is 'All that the beats have stored of a running generation.';

-- One call a second for all generations of a worker, whatever their number.
create function public.relay_beat(
  stream_ids text[], fences uuid[], lease_ms integer, starts integer[] default '{}', ends integer[] default '{}',
  texts text[] default '{}', sent_to_others integer[] default '{}'
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_answer jsonb;
begin
  -- In one order, because two workers that lock the same rows in different orders would deadlock.
  perform 1 from relay.generations g where g.stream_id = any (stream_ids) order by g.stream_id for update;

  -- A generation with a fence runs, or was swept while its worker was cut off: that worker may go on and store the
  -- whole text at the end. A chunk that does not begin where the text ends was stored before, by a beat whose answer
  -- got lost: this answer says where the text ends, and the next beat sends the rest.
  with own as (
    select
      b.stream_id, b.start_at, b.end_at, b.content, b.sent, g.text_units, g.cancel_requested_at,
      g.status = 'running' as runs,
      g.status = 'running' and b.start_at = g.text_units and b.content <> '' as is_next
    from unnest(stream_ids, fences, starts, ends, texts, sent_to_others)
      as b (stream_id, fence, start_at, end_at, content, sent)
    join relay.generations g on g.stream_id = b.stream_id and g.fence = b.fence
  ), added as (
    insert into relay.chunks (stream_id, start_at, end_at, content)
    select o.stream_id, o.start_at, o.end_at, o.content
    from own o
    where o.is_next
  ), renewed as (
    update relay.generations g
    set
      lease_expires_at = clock_timestamp() + make_interval(secs => lease_ms / 1000.0),
      text_units = case when o.is_next then o.end_at else o.text_units end,
      read_units = greatest(g.read_units, o.sent)
    from own o
    where g.stream_id = o.stream_id and o.runs
    returning g.stream_id, g.text_units
  )
  select jsonb_build_object(
    'stored', (select coalesce(jsonb_object_agg(r.stream_id, r.text_units), '{}') from renewed r),
    'cancelled', coalesce(jsonb_agg(o.stream_id) filter (where o.cancel_requested_at is not null), '[]'),
    'lost', (
      select coalesce(jsonb_agg(b.stream_id), '[]')
      from unnest(stream_ids) as b (stream_id)
      where b.stream_id not in (select own.stream_id from own)
    )
  ) into v_answer
  from own o;
  return v_answer;
end;
$$;
comment on function public.relay_beat is
  'Renews the leases of a worker''s generations and stores their new text. stored: UTF-16 units in the database, by '
  'stream_id; cancelled; lost: no longer this worker''s.';
revoke all on function public.relay_beat from public, anon, authenticated;
grant execute on function public.relay_beat to service_role;
