-- One call a second for all generations of a worker, whatever their number: leases, text and cancels in one.
create function public.relay_beat(
  stream_ids text[],
  fences uuid[],
  lease_ms integer,
  starts integer[] default '{}',
  ends integer[] default '{}',
  texts text[] default '{}'
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_answer jsonb;
begin
  -- In one order, or two workers that hold rows of the same set would wait for each other for ever.
  perform 1
  from relay.generations g
  where g.stream_id = any (stream_ids)
  order by g.stream_id
  for update;

  -- A piece that does not begin where the text ends was brought before, by a beat whose answer got lost: the answer to
  -- this one says where the text ends, and the next beat brings the rest.
  with beaten as (
    select b.stream_id, b.start_at, b.end_at, b.content, g.cancel_requested_at, g.text_units
    from unnest(stream_ids, fences, starts, ends, texts) as b (stream_id, fence, start_at, end_at, content)
    join relay.generations g on g.stream_id = b.stream_id and g.fence = b.fence and g.status = 'running'
  ), added as (
    insert into relay.chunks (stream_id, start_at, end_at, content)
    select b.stream_id, b.start_at, b.end_at, b.content
    from beaten b
    where b.start_at = b.text_units and b.content <> ''
  ), renewed as (
    update relay.generations g
    set
      lease_expires_at = clock_timestamp() + make_interval(secs => lease_ms / 1000.0),
      -- Where a piece was added; asking 'added' itself would read all of it for each generation.
      text_units = case when b.start_at = b.text_units and b.content <> '' then b.end_at else b.text_units end
    from beaten b
    where g.stream_id = b.stream_id
    returning g.stream_id, g.text_units, g.cancel_requested_at
  ), swept as (
    -- Closed while its worker was cut off from here: it may go on, and bring the whole text at the end.
    select g.stream_id, g.cancel_requested_at
    from unnest(stream_ids, fences) as b (stream_id, fence)
    join relay.generations g on g.stream_id = b.stream_id and g.fence = b.fence and g.status = 'interrupted'
  )
  select jsonb_build_object(
    'stored', (select coalesce(jsonb_object_agg(r.stream_id, r.text_units), '{}') from renewed r),
    'cancelled', (
      select coalesce(jsonb_agg(r.stream_id), '[]')
      from (
        select stream_id, cancel_requested_at from renewed union all select stream_id, cancel_requested_at from swept
      ) r
      where r.cancel_requested_at is not null
    ),
    'lost', (
      select coalesce(jsonb_agg(b.stream_id), '[]')
      from unnest(stream_ids) as b (stream_id)
      where b.stream_id not in (select r.stream_id from renewed r union all select s.stream_id from swept s)
    )
  ) into v_answer;
  return v_answer;
end;
$$;

comment on function public.relay_beat(text[], uuid[], integer, integer[], integer[], text[]) is
  'Renews the leases of a worker''s generations and takes their new text. stored: UTF-16 units there are now, by stream_id; cancelled; lost: not this worker''s any more.';
revoke all on function public.relay_beat(text[], uuid[], integer, integer[], integer[], text[])
from public, anon, authenticated;
grant execute on function public.relay_beat(text[], uuid[], integer, integer[], integer[], text[]) to service_role;
