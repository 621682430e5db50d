begin;
select plan(4);

select tests.given_tale('owner');

create temp table begun as
select tests.call_begin('owner', 'a', 'From the top', conversation => 'tale', parent_is_given => true) as answer;

select is(answer ->> 'conversation_id', tests.id('tale')::text, 'it is told in the named conversation') from begun;
select is(
  (select parent_id from public.messages m where m.id::text = answer ->> 'user_message_id'), null,
  'the user''s words have no parent'
) from begun;
select is(
  answer -> 'context', '[{"role": "user", "content": "From the top"}]', 'nothing comes before them'
) from begun;
select is(tests.leaf_of('tale'), 'From the top', 'the active leaf moves to the new root');

select * from finish();
rollback;
