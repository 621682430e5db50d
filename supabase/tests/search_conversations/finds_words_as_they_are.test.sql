begin; select plan(10);
select tests.given_tale('owner');
select tests.make_user('stranger');
create function pg_temp.found(words text, most integer default 30, who text default 'owner') returns text[] language plpgsql as $$
declare
  v_found text[];
begin
  perform tests.sign_in_as(who);
  select array_agg(coalesce(h ->> 'excerpt', h ->> 'title')) into v_found
  from jsonb_array_elements(public.search_conversations(words, most)) h;
  perform tests.sign_out();
  return v_found;
end
$$;
update public.messages set created_at = now() - interval '1 hour' where content = 'first answer';
select tests.given_message('marks', 'tale', 'second answer', content => '100% of a_b\c, Füchse');
savepoint start;

select is(pg_temp.found('FIRST'), '{first question,first answer}', 'upper and lower case are the same, newest first');
select is(pg_temp.found('first', 1), '{first question}', 'at most so many are given');
select is(pg_temp.found('Tal'), '{tale}', 'a title counts, too');
select is(pg_temp.found('first', who => 'stranger'), null, 'another user''s are not found');
select is(pg_temp.found('f'), null, 'less than two characters are nothing');
select is(pg_temp.found('  '), null, 'nor is white space');
select is(array[pg_temp.found('0% of'), pg_temp.found('a_b\c'), pg_temp.found('FÜCHSE')],
  array_fill('100% of a_b\c, Füchse'::text, array[3, 1]), 'each character stands for itself');
select is(pg_temp.found('first%question') is null and pg_temp.found('first_question') is null, true, 'there are no wildcards');

update public.messages set content = repeat('x ', 5000) || 'Füchse' || repeat(' y', 5000) where content like '100%';
select matches((pg_temp.found('füchse'))[1], '^(x ){30}Füchse( y){87}$', 'of a long text the part around the words is given');

select tests.sign_in_as('owner');
select is(public.search_conversations('tale') -> 0, jsonb_build_object(
  'conversation_id', tests.key('tale')::text, 'title', 'tale', 'message_id', null, 'is_user_author', null, 'excerpt', null,
  'at', (select updated_at from public.conversations)
), 'ids are texts, and a title has no message');

select * from finish(); rollback;
