begin; select plan(4);
select tests.given_tale('owner');
select tests.make_user('stranger');
update public.messages set created_at = now() - interval '1 hour' where content = 'first question';
create function pg_temp.openings(who text, ids text[]) returns jsonb language plpgsql as $$
declare
  v_openings jsonb;
begin
  perform tests.sign_in_as(who);
  v_openings := public.conversation_openings(ids);
  perform tests.sign_out();
  return v_openings;
end
$$;
create temp view ids as select array[tests.key('tale')::text, tests.key('unknown')::text, 'no id'] as ids;

select is(pg_temp.openings('owner', ids), jsonb_build_object(tests.key('tale'), 'first question'), 'by the id') from ids;
select is(pg_temp.openings('stranger', ids), '{}', 'a stranger''s is not given') from ids;
update public.messages set content = repeat('ü', 300) where content = 'first question';
select is(pg_temp.openings('owner', ids) ->> tests.key('tale')::text, repeat('ü', 200), 'no more than its beginning') from ids;
select is(pg_temp.openings('owner', null), '{}', 'of none it is nothing');

select * from finish(); rollback;
