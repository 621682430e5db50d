begin; select plan(12);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
-- What a start is answered after a change; it is undone.
create function pg_temp.outcome(call text, variadic changes text[] default '{}') returns text language plpgsql as $$
declare
  v_change text;
  v_outcome text;
begin
  foreach v_change in array changes loop
    execute v_change;
  end loop;
  execute format('select coalesce(a ->> ''code'', a ->> ''outcome'') from tests.call_begin(''owner'', ''second'', %s) a', call)
  into v_outcome;
  raise sqlstate 'UNDO1' using message = v_outcome;
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.outcome($$ conversation => 'tale' $$), 'conversation_busy', 'it is busy');
select is(pg_temp.outcome(call), 'admitted', description) from (values
  ($$ parent => 'second answer' $$,                         'a parent'),
  ($$ conversation => 'tale', parent_is_given => true $$,   'no parent: a new root'),
  ($$ reroll_of => 'second answer' $$,                      'an answer to regenerate'),
  ($$ reroll_of => 'first answer' $$,                       'an older one')
) as m (call, description);
select is(pg_temp.outcome($$ conversation => 'tale' $$, $$ select tests.given_active_leaf('tale', 'other question') $$),
  'admitted', 'the answer will not be the active leaf: its reader is in another branch');

-- A client that stores its prompts cannot take one back.
select tests.given_message('own', 'tale', content => 'Next');
update public.messages set created_at = now() + interval '1 minute' where id = tests.key('own');
select is(pg_temp.outcome($$ 'Next', conversation => 'tale' $$, variadic changes), wanted, description) from (values
  ('{}'::text[], 'admitted', 'a prompt that is stored, while the answer is being written'),
  (array[$$ select tests.call_cancel('owner', 'first') $$], 'conversation_busy', 'while that ends'),
  (array[$$ select tests.call_cancel('owner', 'first') $$, $$ select tests.given_active_leaf('tale', 'own') $$,
    $$ update relay.generations set leaf_id = tests.key('own') $$], 'admitted', 'one that its client has made the leaf'),
  (array[$$ select tests.call_cancel('owner', 'first') $$, $$ update public.messages m set parent_id = c.active_message_id
    from public.conversations c where m.id = tests.key('own') $$], 'admitted', 'or given a parent')
) as m (changes, wanted, description);

-- It is found although the answer came after it.
select tests.call_cancel('owner', 'first'), tests.call_finish('first', 'Once');
update public.messages set created_at = now() + interval '2 minutes' where stream_id = 'first';
create temp table begun as select tests.call_begin('owner', 'second', 'Next', conversation => 'tale') as answer;
select is(answer ->> 'user_message_id', tests.key('own')::text, 'it is not stored twice') from begun;
select is(answer #>> '{context,-2,content}', 'Once', 'and the context has the partial answer') from begun;

select * from finish(); rollback;
