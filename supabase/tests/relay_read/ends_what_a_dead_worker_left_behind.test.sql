begin; select plan(5);
select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.given_expired('second', 'owner', 'Twice', 'tale', 'second answer');
create temp table answers as select public.relay_read(
  array[tests.id('owner'), tests.id('owner')], array['first', 'first'], array[0, 3]) as answer;
select is(jsonb_path_query_array(answer, '$[*].generation.status'), '["interrupted", "interrupted"]',
  'all that watch it see the end in one answer') from answers;
select is(jsonb_path_query_array(answer, '$[*].text'), '["Once", "e"]', 'with the text that there was') from answers;
select is(jsonb_path_query_array(answer, '$[*].message.finish_reason'), '["interrupted", "interrupted"]', 'as a message'
  ) from answers;
select is(tests.leaf_of('tale'), 'Once', 'which is the active leaf');
select is(status, 'running', 'what no reader asked for is left to the sweep')
  from relay.generations where stream_id = 'second';

select * from finish(); rollback;
